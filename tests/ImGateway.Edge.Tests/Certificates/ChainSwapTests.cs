using ImGateway.Edge.Certificates.Installation;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Edge.Tls.SslStream;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Issue 16 §1: what may take the place of a complete chain, and what may not.</summary>
public sealed class ChainSwapTests : IDisposable
{
    readonly CertificateWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task A_lone_leaf_takes_the_place_of_a_complete_chain_that_has_expired_and_not_before()
    {
        using var complete = _world.Issue(age: TimeSpan.FromDays(1), left: TimeSpan.FromHours(1));
        Write(complete, complete.LeafPem + complete.IssuersPem + complete.RootPem);
        using var edge = await _world.StartAsync();
        using var next = _world.Issue();
        Write(next, next.LeafPem);
        await edge.SettleAsync();
        Assert.Equal(complete.SerialNumber, edge.Serial());
        Assert.Contains("'CN=World Intermediate' is missing", Assert.Single(edge.Overview.RefusedFiles).Why, StringComparison.Ordinal);

        _world.Time.Advance(TimeSpan.FromHours(2));
        await edge.SettleAsync();

        Assert.Equal(next.SerialNumber, edge.Serial());
        Assert.Empty(edge.Overview.RefusedFiles);
    }

    [Fact]
    public async Task A_lone_leaf_does_not_take_the_place_of_one_that_came_with_its_issuer_although_the_root_is_unknown()
    {
        using var first = _world.Issue();
        Write(first, first.LeafPem + first.IssuersPem);
        using var edge = await _world.StartAsync();
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_chain_state{host=\"gateway.example.com\",state=\"incomplete\"}"));
        using var lone = _world.Issue();
        Write(lone, lone.LeafPem);
        await edge.SettleAsync();
        Assert.Equal(first.SerialNumber, edge.Serial());
        using var next = _world.Issue();
        Write(next, next.LeafPem + next.IssuersPem);
        await edge.SettleAsync();
        Assert.Equal(next.SerialNumber, edge.Serial());
    }

    [Fact]
    public async Task A_lone_leaf_takes_the_place_of_another_one()
    {
        using var first = _world.Issue();
        Write(first, first.LeafPem);
        using var edge = await _world.StartAsync();
        using var next = _world.Issue();
        Write(next, next.LeafPem);
        await edge.SettleAsync();
        Assert.Equal(next.SerialNumber, edge.Serial());
        Assert.Equal(1, await _world.MetricAsync("imgw_certificate_chain_state{host=\"gateway.example.com\",state=\"unverified\"}"));
    }

    [Fact]
    public async Task A_lone_leaf_takes_the_place_of_a_development_certificate()
    {
        _world.UseSelfSigned();
        using (await _world.StartAsync())
        {
        }

        using var issued = _world.Issue();
        Write(issued, issued.LeafPem);
        using var edge = await _world.StartAsync();
        Assert.Equal(issued.SerialNumber, edge.Serial());
    }

    [Fact]
    public async Task A_rollback_to_a_lone_leaf_is_the_operators_choice()
    {
        using var lone = _world.Issue();
        Write(lone, lone.LeafPem);
        using var edge = await _world.StartAsync();
        using var complete = _world.Issue();
        Write(complete, complete.LeafPem + complete.IssuersPem + complete.RootPem);
        await edge.SettleAsync();
        Assert.Equal(complete.SerialNumber, edge.Serial());
        Assert.Empty((await edge.Installs.RollbackAsync(Gateway.Value, "uid 1000", TestContext.Current.CancellationToken)).Problems);
        Assert.Equal(lone.SerialNumber, edge.Serial());
    }

    /// <summary>As a running edge refuses it.</summary>
    [Fact]
    public async Task A_lone_leaf_is_not_imported_over_a_complete_chain_while_no_edge_runs()
    {
        _world.UseSelfSigned();
        using var complete = _world.Issue();
        Assert.Empty((await ImportAsync(complete, complete.LeafPem + complete.IssuersPem + complete.RootPem)).Problems);
        using var lone = _world.Issue();

        var refused = await ImportAsync(lone, lone.LeafPem);

        Assert.Contains("'CN=World Intermediate' is missing", Assert.Single(refused.Problems), StringComparison.Ordinal);
        Assert.Equal([complete.SerialNumber, complete.SerialNumber], (await _world.Offline.ReadAsync(TestContext.Current.CancellationToken)).Select(entry => entry.Credential.SerialNumber));
    }

    [Fact]
    public async Task A_rollback_to_a_lone_leaf_is_the_operators_choice_while_no_edge_runs_too()
    {
        _world.UseSelfSigned();
        using var lone = _world.Issue();
        Assert.Empty((await ImportAsync(lone, lone.LeafPem)).Problems);
        using var complete = _world.Issue();
        Assert.Empty((await ImportAsync(complete, complete.LeafPem + complete.IssuersPem + complete.RootPem)).Problems);

        Assert.Empty((await _world.Offline.RollbackAsync(Gateway.Value, new SslStreamEngine(TestProcess.Policy), TestContext.Current.CancellationToken)).Problems);

        Assert.Contains(lone.SerialNumber, (await _world.Offline.ReadAsync(TestContext.Current.CancellationToken)).Select(entry => entry.Credential.SerialNumber));
    }

    [Fact]
    public async Task A_certificate_that_is_not_valid_yet_is_imported_over_a_revoked_one_while_no_edge_runs()
    {
        _world.UseSelfSigned();
        using var first = _world.Issue();
        Assert.Empty((await ImportAsync(first, first.ChainPem)).Problems);
        var served = (await _world.Offline.ReadAsync(TestContext.Current.CancellationToken))[0].Credential;
        using (var storage = await Writers.OpenAsync(_world.Data()))
        {
            await new RevokedCertificates(storage, _world.Time, NullLogger<RevokedCertificates>.Instance).AddAsync(served, "superseded", TestContext.Current.CancellationToken);
        }

        using var early = _world.Issue(age: TimeSpan.FromHours(-1), left: TimeSpan.FromDays(90));
        Assert.Empty((await ImportAsync(early, early.ChainPem)).Problems);
    }

    Task<InstallResult> ImportAsync(IssuedCertificate issued, string pem) =>
        _world.Offline.ImportAsync(pem, issued.KeyPem, chainPem: null, password: null, "uid 1000", new SslStreamEngine(TestProcess.Policy), TestContext.Current.CancellationToken);

    void Write(IssuedCertificate issued, string pem)
    {
        _world.WriteFile(issued);
        File.WriteAllText(_world.Options.Certificates.Files[0].Certificate, pem);
    }
}
