using System.Buffers;
using System.Net;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

public sealed class ServerCertificateSelectorTests : IDisposable
{
    readonly TestCa _ca = TestCa.Create("Selector test CA");
    readonly List<IssuedCertificate> _issued = [];

    static readonly (string? Asked, string Host)[] Found =
    [
        ("gateway.test", "gateway.test"),
        ("GATEWAY.Test", "gateway.test"),
        ("gateway.test.", "gateway.test"),
        ("chat.wild.test", "*.wild.test"),
        ("exact.wild.test", "exact.wild.test"),
        (null, "gateway.test"),
    ];

    static readonly string[] Refused = ["other.test", "a.b.wild.test", "wild.test", ".wild.test", "*.wild.test", "gateway.test\0.evil.test", "test"];

    public static TheoryData<TestedEngine, string?, string> EnginesAndNames =>
        [.. from engine in Enum.GetValues<TestedEngine>() from found in Found select Engines.Row(engine, found.Asked, found.Host)];

    public static TheoryData<TestedEngine, string> EnginesAndRefused => [.. from engine in Enum.GetValues<TestedEngine>() from name in Refused select Engines.Row(engine, name)];

    [Theory, MemberData(nameof(EnginesAndNames))]
    public void Select_finds_exact_names_before_wildcards_and_the_default_without_a_name(TestedEngine engine, string? asked, string host) =>
        Assert.Equal(host, Select(Served(engine, "gateway.test", "*.wild.test", "exact.wild.test"), asked).Served?.Host.Value);

    [Theory, MemberData(nameof(EnginesAndRefused))]
    public void Select_refuses_what_is_not_served_by_that_very_name(TestedEngine engine, string asked)
    {
        var selection = Select(Served(engine, "gateway.test", "*.wild.test"), asked);
        Assert.Null(selection.Served);
        Assert.Equal(HandshakeFailure.UnknownName, selection.Failure);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public void Select_with_unknown_names_to_the_default_never_uses_a_context_that_belongs_to_a_name(TestedEngine engine)
    {
        var selector = Served(engine, UnknownNames.Default, "gateway.test", "other.test");
        var unknown = Select(selector, "unknown.test").Served;
        Assert.Equal("gateway.test", unknown?.Host.Value);
        Assert.NotSame(Select(selector, "gateway.test").Served!.Context, unknown!.Context);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public void Select_by_the_address_connected_to_where_no_name_is_sent(TestedEngine engine)
    {
        var selector = Served(engine, "gateway.test", "192.0.2.7");
        Assert.Equal("192.0.2.7", Select(selector, null, IPAddress.Parse("::ffff:192.0.2.7")).Served?.Host.Value);
        Assert.Equal("gateway.test", Select(selector, null, IPAddress.Parse("192.0.2.8")).Served?.Host.Value);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public void A_host_without_a_certificate_yet_is_refused_and_others_are_served(TestedEngine engine)
    {
        HostName[] hosts = [HostName.Parse("first.test"), HostName.Parse("second.test")];
        var selector = new ServerCertificateSelector(hosts, hosts[0], TlsPolicy.Intermediate, UnknownNames.Reject, Engines.Create(engine));
        selector.Publish(new Dictionary<HostName, Credential> { [hosts[1]] = Issue("second.test") });
        Assert.Equal("second.test", Select(selector, "second.test").Served?.Host.Value);
        Assert.Null(Select(selector, "first.test").Served);
        Assert.Equal(HandshakeFailure.Refused, Select(selector, null).Failure);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public void Publish_leaves_the_context_of_a_name_alone_whose_credential_stays(TestedEngine engine)
    {
        var selector = Served(engine, "gateway.test", "other.test");
        var (before, otherBefore) = (Select(selector, "gateway.test").Served!, Select(selector, "other.test").Served!);
        selector.Publish(new Dictionary<HostName, Credential>(selector.Served) { [HostName.Parse("other.test")] = Issue("other.test") });
        Assert.Same(before.Context, Select(selector, "gateway.test").Served!.Context);
        Assert.NotSame(otherBefore.Context, Select(selector, "other.test").Served!.Context);
    }

    [Theory, MemberData(nameof(Engines.All), MemberType = typeof(Engines))]
    public void New_ticket_keys_keep_credentials_contexts_and_staples(TestedEngine engine)
    {
        var selector = Served(engine, "gateway.test");
        var before = Select(selector, "gateway.test").Served!;
        selector.Staple(before.Credential.Fingerprint, [1, 2, 3]);
        selector.RotateTicketKeys();
        Assert.Same(before, Select(selector, "gateway.test").Served);
        Assert.Equal([1, 2, 3], selector.StapleOf(before.Host));
    }

    public void Dispose()
    {
        _issued.ForEach(issued => issued.Dispose());
        _ca.Dispose();
    }

    ServerCertificateSelector Served(TestedEngine engine, params string[] names) => Served(engine, UnknownNames.Reject, names);

    ServerCertificateSelector Served(TestedEngine engine, UnknownNames unknownNames, params string[] names)
    {
        HostName[] hosts = [.. names.Select(HostName.Parse)];
        var selector = new ServerCertificateSelector(hosts, hosts[0], TlsPolicy.Intermediate, unknownNames, Engines.Create(engine));
        selector.Publish(hosts.ToDictionary(host => host, host => Issue(host.Value)));
        return selector;
    }

    Credential Issue(string name)
    {
        var issued = _ca.Issue(name);
        _issued.Add(issued);
        return new Credential(issued.Leaf, [_ca.Certificate], [HostName.Parse(name)]);
    }

    internal static Selection Select(ServerCertificateSelector selector, string? name, IPAddress? localAddress = null)
    {
        var hello = new ReadOnlySequence<byte>((RawHello.ForTls13() with { ServerName = name }).ToRecords());
        Assert.Equal(ClientHelloStatus.Complete, ClientHello.Read(hello, (selector, localAddress), static (h, at) => at.selector.Select(h, at.localAddress), out Selection selection, out _));
        return selection;
    }
}
