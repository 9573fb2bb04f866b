using System.Collections.Frozen;
using System.Net;
using System.Net.Security;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tls;

/// <summary>A configured name with what its handshakes need, built once per certificate and name.</summary>
/// <param name="Context">The engine's.</param>
sealed record ServedName(HostName Host, Credential Credential, TlsContext Context)
{
    /// <summary>To be shown the certificate is all that a client can have.</summary>
    public bool EndsAfterHandshake { get; init; }

    /// <summary>In place of a certificate that is still to be issued, for challenges alone.</summary>
    public bool IsStandIn { get; init; }
}

/// <summary>What a client hello gets: a name that is served, or why not.</summary>
readonly record struct Selection(ServedName? Served, HandshakeFailure Failure)
{
    public static implicit operator Selection(ServedName served) => new(served, default);

    public static implicit operator Selection(HandshakeFailure failure) => new(null, failure);
}

/// <summary>Which credential a client hello gets. Its table is replaced as a whole by <c>Publish</c>: one volatile write.</summary>
public sealed class ServerCertificateSelector
{
    static readonly SslApplicationProtocol[] Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    readonly Lock _changing = new();
    readonly Dictionary<string, byte[]> _staples = new(StringComparer.Ordinal);
    readonly TlsPolicy _policy;
    Names _names;
    volatile Table _table;
    volatile ApartTable? _apart;
    volatile StandInTable? _standIns;
    volatile bool _hasServed;

    internal ServerCertificateSelector(IReadOnlyList<HostName> hosts, HostName defaultHost, TlsPolicy policy, UnknownNames unknownNames, ITlsEngine engine)
    {
        (_policy, Engine) = (policy, engine);
        _names = new(hosts, defaultHost, unknownNames);
        _table = new([], null, unknownNames);
    }

    internal ServerCertificateSelector(EdgeOptions options, ITlsEngine engine)
        : this(options.Hosts, options.DefaultHost, options.Tls.Policy, options.Tls.UnknownNames, engine)
    {
    }

    /// <summary>Of which its contexts are.</summary>
    internal ITlsEngine Engine { get; }

    /// <summary>What is served per configured host; a host without an entry has no certificate yet.</summary>
    public IReadOnlyDictionary<HostName, Credential> Served => _table.Credentials;

    /// <summary>The host whose certificate clients get that send no name; null while there is none.</summary>
    internal HostName? HostWithoutName => _table.Unnamed?.Host;

    /// <summary>Whether any host has been served since the start.</summary>
    public bool HasServed => _hasServed;

    /// <summary>
    /// Serves <paramref name="credentials"/> to every handshake that begins from now on. Names whose credential stays keep their contexts,
    /// so that their clients go on resuming.
    /// </summary>
    /// <exception cref="InvalidOperationException">A whole chain would not be sent; nothing has changed.</exception>
    public void Publish(IReadOnlyDictionary<HostName, Credential> credentials)
    {
        lock (_changing)
        {
            var (names, known) = (_names, _table);
            var named = names.Hosts.Where(credentials.ContainsKey).Select(host => Serve(host, credentials[host], known.Named.GetValueOrDefault(host))).ToArray();
            var unnamed = HostOfDefault(names, credentials) is { } host ? Serve(host, credentials[host], known.Unnamed) : null;
            _table = new Table(named, unnamed, names.Unknown);
            if (named.Length > 0) _hasServed = true;
        }
    }

    /// <summary>
    /// From now on these hosts, this default and this way with unknown names. What is served for hosts that stay is not touched: their clients
    /// go on resuming.
    /// </summary>
    public void Reconfigure(EdgeOptions options)
    {
        lock (_changing)
        {
            _names = new(options.Hosts, options.DefaultHost, options.Tls.UnknownNames);
            Publish(_table.Credentials);
        }
    }

    /// <summary>New keys for the session tickets of everything that is served; the names keep their contexts.</summary>
    public void RotateTicketKeys()
    {
        lock (_changing) Engine.RotateTicketKeys(_table.All.Select(served => served.Context));
    }

    /// <summary>
    /// Serves <paramref name="credentials"/>, by the name asked for, to those who offer <paramref name="protocol"/> and no other, and refuses
    /// those of them who ask for something else. What is published for everybody is not touched.
    /// </summary>
    internal void PublishApart(SslApplicationProtocol protocol, IReadOnlyDictionary<string, Credential> credentials)
    {
        var known = _apart;
        _apart = new ApartTable(protocol, credentials.ToFrozenDictionary(
            named => named.Key,
            named => known?.Known(named.Key, named.Value) ?? ServeApart(protocol, named.Value),
            StringComparer.Ordinal));
    }

    /// <summary>Serves these, for challenges alone, to those who ask for a host that has no credential.</summary>
    internal void PublishStandIns(IReadOnlyDictionary<HostName, Credential> credentials)
    {
        var known = _standIns;
        _standIns = credentials.Count == 0
            ? null
            : new StandInTable([.. credentials.Select(each => known?.Known(each.Key, each.Value) ?? ServeStandIn(each.Key, each.Value))]);
    }

    /// <summary>
    /// From now on, handshakes that show the certificate of this <paramref name="fingerprint"/> staple <paramref name="response"/>; null: nothing.
    /// It stays with the certificate over whatever is published, and contexts, with their tickets, stay as they are.
    /// </summary>
    internal void Staple(string fingerprint, byte[]? response)
    {
        lock (_changing)
        {
            if (response is null) _staples.Remove(fingerprint);
            else _staples[fingerprint] = response;
            foreach (var served in _table.All.Where(served => served.Credential.Fingerprint == fingerprint))
            {
                served.Context.Staple = response;
            }
        }
    }

    /// <summary>What a handshake for <paramref name="host"/> staples.</summary>
    internal byte[]? StapleOf(HostName host) => ContextOf(host)?.Staple;

    /// <summary>What connections for the host are served with; null where nothing is.</summary>
    internal TlsContext? ContextOf(HostName host) => _table.Named.TryGetValue(host, out var served) ? served.Context : null;

    /// <summary>
    /// What is published apart for the protocol offered; else exact name, then wildcard, then a stand-in, then what <c>Tls:UnknownNames</c> says;
    /// without a name the address connected to, then the default, then a stand-in.
    /// </summary>
    internal Selection Select(scoped ClientHello hello, IPAddress? localAddress)
    {
        Span<char> name = stackalloc char[Math.Min(hello.ServerName.Length, 256)];
        if (_apart is { } apart && apart.IsMeantBy(hello)) return apart.Find(Lower(hello.ServerName, ref name) ? name : []);

        var (table, standIns) = (_table, _standIns);
        if (hello.ServerName.IsEmpty)
        {
            var address = localAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : localAddress;
            return Found((address is null ? null : table.Addresses.GetValueOrDefault(address)) ?? table.Unnamed ?? standIns?.FindUnnamed(address));
        }

        return Lower(hello.ServerName, ref name) && (table.Find(name) ?? standIns?.Find(name)) is { } served ? served
            : table.UnknownNames is UnknownNames.Default ? Found(table.Unnamed)
            : HandshakeFailure.UnknownName;

        static Selection Found(ServedName? served) => served is null ? HandshakeFailure.Refused : served;
    }

    /// <summary>The default is found as a name that a client sends is: itself, else the wildcard that covers it.</summary>
    static HostName? HostOfDefault(Names names, IReadOnlyDictionary<HostName, Credential> credentials) =>
        credentials.ContainsKey(names.DefaultHost) ? names.DefaultHost : names.Hosts.FirstOrDefault(host => host.Matches(names.DefaultHost) && credentials.ContainsKey(host));

    ServedName Serve(HostName host, Credential credential, ServedName? known)
    {
        if (known is not null && known.Credential == credential && known.Host == host) return known;
        var settings = new TlsContextSettings(credential, _policy, Protocols) { Staple = _staples.GetValueOrDefault(credential.Fingerprint) };
        return new(host, credential, Engine.CreateContext(settings));
    }

    ServedName ServeApart(SslApplicationProtocol protocol, Credential credential) =>
        new(credential.Names[0], credential, ForChallenges(credential, [protocol])) { EndsAfterHandshake = true };

    ServedName ServeStandIn(HostName host, Credential credential) => new(host, credential, ForChallenges(credential, Protocols)) { IsStandIn = true };

    TlsContext ForChallenges(Credential credential, IReadOnlyList<SslApplicationProtocol> protocols) =>
        Engine.CreateContext(new(credential, _policy, protocols) { IsForChallenges = true });

    /// <summary>Lower case and without the root's dot; false for what no DNS name holds.</summary>
    static bool Lower(ReadOnlySpan<byte> sent, ref Span<char> name)
    {
        if (sent.Length > name.Length) return false;
        for (var i = 0; i < sent.Length; i++)
        {
            var c = (char)sent[i];
            if (c is <= ' ' or >= (char)127 or '*') return false;
            name[i] = c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;
        }

        if (name is [.., _, '.']) name = name[..^1];
        return true;
    }

    /// <summary>What the configuration says of names.</summary>
    sealed record Names(IReadOnlyList<HostName> Hosts, HostName DefaultHost, UnknownNames Unknown);

    sealed class Table
    {
        readonly FrozenDictionary<string, ServedName>.AlternateLookup<ReadOnlySpan<char>> _exact, _wildcards;

        public Table(IReadOnlyList<ServedName> named, ServedName? unnamed, UnknownNames unknownNames)
        {
            (Unnamed, UnknownNames) = (unnamed, unknownNames);
            Named = named.ToFrozenDictionary(served => served.Host);
            Credentials = named.ToFrozenDictionary(served => served.Host, served => served.Credential);
            Addresses = named.Where(served => served.Host.IsAddress).ToFrozenDictionary(served => IPAddress.Parse(served.Host.Value));
            _exact = Index(named.Where(served => !served.Host.IsWildcard), served => served.Host.Value);
            _wildcards = Index(named.Where(served => served.Host.IsWildcard), served => served.Host.Value[1..]);
        }

        public FrozenDictionary<HostName, ServedName> Named { get; }

        public FrozenDictionary<HostName, Credential> Credentials { get; }

        public IEnumerable<ServedName> All => Unnamed is null ? Named.Values : [.. Named.Values, Unnamed];

        public FrozenDictionary<IPAddress, ServedName> Addresses { get; }

        public ServedName? Unnamed { get; }

        public UnknownNames UnknownNames { get; }

        public ServedName? Find(ReadOnlySpan<char> name)
        {
            if (_exact.TryGetValue(name, out var served)) return served;
            var dot = name.IndexOf('.');
            return dot > 0 && _wildcards.TryGetValue(name[dot..], out served) ? served : null;
        }

        static FrozenDictionary<string, ServedName>.AlternateLookup<ReadOnlySpan<char>> Index(IEnumerable<ServedName> names, Func<ServedName, string> key) =>
            names.ToFrozenDictionary(key, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
