using ImGateway.Testing;
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

    void Write(IssuedCertificate issued, string pem)
    {
        _world.WriteFile(issued);
        File.WriteAllText(_world.Options.Certificates.Files[0].Certificate, pem);
    }
}
