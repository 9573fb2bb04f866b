using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using ImGateway.Edge.Tests.Storage;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

public sealed class IssuanceBudgetTests : IAsyncLifetime
{
    static readonly HostName Gateway = HostName.Parse("gateway.example.com");

    readonly TemporaryDirectory _folder = new();
    readonly MachineClock _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    FileStorage _storage = null!;

    static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _storage = await Writers.OpenAsync(_folder.Path, _time);
    }

    public ValueTask DisposeAsync()
    {
        _storage.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Crash_loop_leaves_the_last_certificate_to_a_host_without_any()
    {
        // Each a new process that dies before it learns what became of its order.
        for (var crash = 0; crash < 4; crash++) await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
        var refused = (await Assert.ThrowsAsync<IssuanceException>(() => Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled)));
        Assert.Contains("the last is kept", refused.Message);
        Assert.Equal(TimeSpan.FromDays(7), refused.RetryAfter);
        await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: true, Cancelled);
        await Assert.ThrowsAsync<IssuanceException>(() => Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: true, Cancelled));
        await Budget().BeginAsync(Gateway, isExempt: true, mayTakeLast: false, Cancelled);
        await Budget().BeginAsync(HostName.Parse("chat.example.com"), isExempt: false, mayTakeLast: false, Cancelled);
        _time.Advance(TimeSpan.FromDays(7));
        await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
    }

    [Fact]
    public async Task Order_that_came_to_nothing_costs_no_certificate()
    {
        for (var order = 0; order < 20; order++)
        {
            await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
            await Budget().NotIssuedAsync(Gateway, Cancelled);
        }

        Assert.Equal([("orders", 280), ("certificates", 5), ("failed_authorizations", 5)], (await Budget().RemainingAsync(Cancelled)).Select(left => (left.Limit.Name, left.Left)));
    }

    [Fact]
    public async Task Failed_proofs_pause_for_an_hour()
    {
        for (var failure = 0; failure < 4; failure++) await Budget().AuthorizationFailedAsync(Gateway, Cancelled);
        await Assert.ThrowsAsync<IssuanceException>(() => Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled));
        _time.Advance(TimeSpan.FromHours(1));
        await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
    }

    [Fact]
    public async Task Damaged_file_begins_anew_and_a_disk_that_takes_nothing_allows_nothing()
    {
        File.WriteAllText(_folder["limits.json"], "{\"orders\":");
        await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
        File.WriteAllText(_folder["file"], "");
        var nowhere = new IssuanceBudget(_storage, "file/limits.json", _time, (_, _) => { });
        Assert.Contains("cannot be written", (await Assert.ThrowsAsync<IssuanceException>(() => nowhere.BeginAsync(Gateway, isExempt: false, mayTakeLast: true, Cancelled))).Message);
    }

    [Fact]
    public async Task Orders_of_the_account_are_limited_over_all_names()
    {
        var budget = Budget();
        for (var order = 0; order < 299; order++) await budget.BeginAsync(HostName.Parse($"h{order}.example.com"), isExempt: false, mayTakeLast: false, Cancelled);
        Assert.Contains("300 orders in 3 hours", (await Assert.ThrowsAsync<IssuanceException>(() => budget.BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled))).Message);
    }

    [Theory]
    [InlineData(730)]
    [InlineData(6)]
    public async Task Orders_of_a_clock_that_was_ahead_count_as_made_when_it_is_right_again(double daysAhead)
    {
        _time.Error = TimeSpan.FromDays(daysAhead);
        for (var order = 0; order < 4; order++) await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
        _time.Error = TimeSpan.Zero;
        var refused = (await Assert.ThrowsAsync<IssuanceException>(() => Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled)));
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
        Assert.Equal(1, (await Budget().RemainingAsync(Cancelled)).Single(left => left.Limit.Name == "certificates").Left);
        // Each try is a new process: what counts as made now is not made anew each time.
        for (var day = 0; day < 7; day++)
        {
            await Assert.ThrowsAsync<IssuanceException>(() => Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled));
            _time.Advance(TimeSpan.FromDays(1));
        }

        await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
    }

    [Fact]
    public async Task Orders_are_not_forgotten_because_the_clock_was_ahead_for_a_while()
    {
        for (var order = 0; order < 4; order++) await Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled);
        _time.Error = TimeSpan.FromDays(30);
        await Budget().BeginAsync(HostName.Parse("chat.example.com"), isExempt: false, mayTakeLast: false, Cancelled);
        _time.Error = TimeSpan.Zero;
        await Assert.ThrowsAsync<IssuanceException>(() => Budget().BeginAsync(Gateway, isExempt: false, mayTakeLast: false, Cancelled));
    }

    IssuanceBudget Budget() => new(_storage, "limits.json", _time, (_, _) => { });
}
