using ImGateway.Acme;
using ImGateway.Edge.Certificates.Audit;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Scenarios.Acme;

/// <summary>The account at the CA has the address that is configured (RFC 8555 §7.3.2).</summary>
public sealed class AccountContactTests : IAsyncLifetime
{
    readonly TemporaryDirectory _folder = new();
    readonly AsyncLock _asyncLock = new();

    FileStorage _storage = null!;

    public async ValueTask InitializeAsync()
    {
        _storage = await Writers.OpenAsync(_folder.Path);
    }

    public ValueTask DisposeAsync()
    {
        _storage.Dispose();
        _asyncLock.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_changed_address_reaches_the_account_once()
    {
        await using var ca = await ScriptableCa.StartAsync();
        using var server = await ConnectAsync(ca);
        var first = await Accounts("old@example.com").GetAsync(server, TestContext.Current.CancellationToken);

        var second = await Accounts("new@example.com").GetAsync(server, TestContext.Current.CancellationToken);
        await Accounts("new@example.com").GetAsync(server, TestContext.Current.CancellationToken);

        Assert.Equal(first.Location, second.Location);
        Assert.Equal(["mailto:new@example.com"], (await second.GetAsync(TestContext.Current.CancellationToken)).Contacts);
        Assert.Equal(2, ca.Recorded.Count(request => request.Operation == CaOperation.Account));
        Assert.Equal(["accountRegistered", "accountUpdated"], Audit.Select(line => line.Action));
    }

    [Fact]
    public async Task An_address_that_is_removed_leaves_the_account()
    {
        await using var ca = await ScriptableCa.StartAsync();
        using var server = await ConnectAsync(ca);
        await Accounts("old@example.com").GetAsync(server, TestContext.Current.CancellationToken);

        var account = await Accounts(null).GetAsync(server, TestContext.Current.CancellationToken);

        Assert.Empty((await account.GetAsync(TestContext.Current.CancellationToken)).Contacts);
    }

    [Fact]
    public async Task An_address_that_the_CA_refuses_costs_no_certificate_and_is_sent_again_with_the_next_order()
    {
        await using var ca = await ScriptableCa.StartAsync();
        using var server = await ConnectAsync(ca);
        var first = await Accounts("old@example.com").GetAsync(server, TestContext.Current.CancellationToken);
        ca.Fail(CaOperation.Account, CaFault.Problem("invalidContact", 400));

        var refused = await Accounts("new@example.com").GetAsync(server, TestContext.Current.CancellationToken);
        var accepted = await Accounts("new@example.com").GetAsync(server, TestContext.Current.CancellationToken);

        Assert.Equal((first.Location, first.Location), (refused.Location, accepted.Location));
        Assert.Equal(["accountRegistered", "accountUpdateFailed", "accountUpdated"], Audit.Select(line => line.Action));
        Assert.Contains("correct Edge:Acme:Email", Audit[1].Detail, StringComparison.Ordinal);
    }

    IReadOnlyList<AuditEntry> Audit => AuditLines.In(_folder.Path);

    static Task<AcmeServer> ConnectAsync(ScriptableCa ca) =>
        AcmeServer.ConnectAsync(ca.Directory, new AcmeServerOptions { TrustedRoots = [ca.TrustedRoot] }, TestContext.Current.CancellationToken);

    AcmeAccounts Accounts(string? email)
    {
        var options = new EdgeOptions { DataDirectory = _folder.Path, Acme = new AcmeSection { Email = email, AcceptTermsOfService = true } };
        var log = new AuditLog(_storage, NullLogger.Instance, () => new AuditSection());
        return new AcmeAccounts(options, _storage, new CertificateAudit(_storage, log, new CurrentCertificateOptions(options), TimeProvider.System), _asyncLock);
    }
}
