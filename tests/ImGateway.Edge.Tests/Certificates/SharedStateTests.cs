using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.Store;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Edge.Tls;
using ImGateway.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using static ImGateway.Edge.Tests.Certificates.CertificateWorld;

namespace ImGateway.Edge.Tests.Certificates;

/// <summary>Two edges change <c>state.json</c> of one host at the same time: neither loses what the other has written.</summary>
public sealed class SharedStateTests : IAsyncLifetime
{
    readonly CertificateWorld _world = new();
    readonly MemoryStorage.Node _other;
    readonly InterceptedStorage _storage;
    readonly List<IssuedCertificate> _issued = [];
    readonly HostCertificate _first, _second;

    public SharedStateTests()
    {
        var shared = new MemoryStorage();
        (_other, _storage) = (new MemoryStorage.Node(shared, "other"), new InterceptedStorage(new MemoryStorage.Node(shared, "here")));
        (_first, _second) = (Offer("first"), Offer("second"));
    }

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.NotNull(await _other.TryLeaseAsync(IStorage.Writer, Cancelled));
        Assert.NotNull(await _storage.TryLeaseAsync(IStorage.Writer, Cancelled));
        await StoreAsync(_first);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var issued in _issued) issued.Dispose();
        _other.Dispose();
        _world.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_renewal_state_does_not_overwrite_the_state_of_a_certificate_stored_meanwhile()
    {
        Meanwhile(() => StoreAsync(_second));

        await new StoredRenewals(_storage).SaveAsync(Gateway, RenewalState.For(_first.Credential.Fingerprint) with { Failures = 1 }, Cancelled);

        var state = await StateAsync();
        Assert.Equal((_second.Credential.Fingerprint, "second"), (state.CertificateSha256, state.Origin));
        Assert.Null(state.Renewal);
    }

    [Fact]
    public async Task A_renewal_state_is_stored_with_an_origin_that_changes_meanwhile()
    {
        Meanwhile(() => Writer(_other).SaveOriginAsync(Gateway, _first with { Origin = "other" }, Cancelled));

        await new StoredRenewals(_storage).SaveAsync(Gateway, RenewalState.For(_first.Credential.Fingerprint) with { Failures = 1 }, Cancelled);

        var state = await StateAsync();
        Assert.Equal(("other", 1), (state.Origin, state.Renewal!.Failures));
    }

    [Fact]
    public async Task An_origin_is_stored_with_a_renewal_state_that_changes_meanwhile()
    {
        Meanwhile(() => new StoredRenewals(_other).SaveAsync(Gateway, RenewalState.For(_first.Credential.Fingerprint) with { Failures = 1 }, Cancelled));

        await Writer(_storage).SaveOriginAsync(Gateway, _first with { Origin = "here" }, Cancelled);

        var state = await StateAsync();
        Assert.Equal(("here", 1), (state.Origin, state.Renewal?.Failures));
    }

    [Fact]
    public async Task An_origin_does_not_overwrite_the_state_of_a_certificate_stored_meanwhile()
    {
        Meanwhile(() => StoreAsync(_second));

        await Writer(_storage).SaveOriginAsync(Gateway, _first with { Origin = "here" }, Cancelled);

        var state = await StateAsync();
        Assert.Equal((_second.Credential.Fingerprint, "second"), (state.CertificateSha256, state.Origin));
    }

    /// <summary>Once, after this edge has read the state.</summary>
    void Meanwhile(Func<Task> change) => _storage.AfterRead = key =>
    {
        _storage.AfterRead = _ => Task.CompletedTask;
        Assert.Equal(StoreKeys.Of(Gateway).State, key);
        return change();
    };

    HostCertificate Offer(string origin)
    {
        _issued.Add(_world.Issue());
        return new HostCertificate(new Credential(_issued[^1].Leaf, [], [Gateway, Chat]), HostCertificate.Import, origin);
    }

    StoreWriter Writer(IStorage storage) =>
        new(new CurrentCertificateOptions(_world.Options), storage, new RevokedCertificates(storage, _world.Time, NullLogger<RevokedCertificates>.Instance));

    async Task StoreAsync(HostCertificate certificate)
    {
        await using var staged = await Writer(_other).StageAsync(new Dictionary<HostName, HostCertificate> { [Gateway] = certificate }, lease: null, Cancelled);
        await staged!.CommitAsync(Cancelled);
    }

    async Task<StoredMetadata> StateAsync() => (await StoredMetadata.ReadAsync(_other, Gateway, Cancelled))!;
}
