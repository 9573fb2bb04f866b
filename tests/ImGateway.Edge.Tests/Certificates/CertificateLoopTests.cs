using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>What fails in a round of the certificate loop concerns nothing else.</summary>
public sealed class CertificateLoopTests : IDisposable
{
    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task Step_that_fails_unexpectedly_does_not_hold_up_the_others()
    {
        _world.UseAcme();
        using var file = _world.Issue(TimeSpan.FromDays(1), TimeSpan.FromDays(300), "gateway.example.com");
        var path = file.WriteTo(_world["files"]);
        _world.Options = _world.Options with { Hosts = [Gateway, Chat], Certificates = _world.Options.Certificates with { Files = [path] } };
        _world.UseSimulatedCa();
        using var edge = await _world.StartAsync();
        await edge.RoundAsync();
        var before = edge.Serial(Chat);
        // What is staged for the host fails in a way that no storage should.
        _world.OnDiskOperation = () =>
        {
            if (Directory.EnumerateFiles(_world.Data("certificates", "gateway.example.com"), ".next.*").Any()) throw new InvalidOperationException("not foreseen");
        };
        using var changed = _world.Issue(TimeSpan.FromHours(1), TimeSpan.FromDays(300), "gateway.example.com");
        changed.WriteTo(_world["files"]);

        await edge.SettleAsync();
        _world.Time.Advance(TimeSpan.FromDays(80));
        await edge.RoundAsync();

        Assert.Contains(_world.Log.Lines, line => line.Text.Contains("A round of certificate upkeep failed", StringComparison.Ordinal));
        Assert.NotEqual(before, edge.Serial(Chat));
    }

    [Fact]
    public async Task Host_that_got_no_self_signed_certificate_at_start_gets_one_later()
    {
        using var file = _world.Issue(TimeSpan.FromDays(1), TimeSpan.FromDays(300), "gateway.example.com");
        _world.UseSelfSigned();
        _world.Options = _world.Options with { Certificates = _world.Options.Certificates with { Files = [file.WriteTo(_world["files"])] } };
        _world.HandshakeFailure = host => host == Chat ? "refused" : null;
        using var edge = await _world.StartAsync();
        Assert.DoesNotContain(Chat, edge.Served.Keys);

        await edge.RoundAsync();
        Assert.Contains(_world.Log.Lines, line => line.Text.StartsWith("chat.example.com: no certificate: ", StringComparison.Ordinal));
        _world.HandshakeFailure = _ => null;
        _world.Time.Advance(TimeSpan.FromMinutes(10));
        await edge.RoundAsync();

        Assert.Contains(Chat, edge.Served.Keys);
        Assert.Equal(file.SerialNumber, edge.Serial(Gateway));
    }
}
