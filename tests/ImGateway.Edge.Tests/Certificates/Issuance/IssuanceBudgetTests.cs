using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

public sealed class IssuanceBudgetTests : IDisposable
{
    static readonly HostName Gateway = HostName.Parse("gateway.example.com");

    readonly TemporaryDirectory _folder = new();
    readonly MachineClock _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Crash_loop_leaves_the_last_certificate_to_a_host_without_any()
    {
        // Each a new process that dies before it learns what became of its order.
        for (var crash = 0; crash < 4; crash++) Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
        var refused = Assert.Throws<IssuanceException>(() => Budget().Begin(Gateway, isExempt: false, mayTakeLast: false));
        Assert.Contains("the last is kept", refused.Message);
        Assert.Equal(TimeSpan.FromDays(7), refused.RetryAfter);
        Budget().Begin(Gateway, isExempt: false, mayTakeLast: true);
        Assert.Throws<IssuanceException>(() => Budget().Begin(Gateway, isExempt: false, mayTakeLast: true));
        Budget().Begin(Gateway, isExempt: true, mayTakeLast: false);
        Budget().Begin(HostName.Parse("chat.example.com"), isExempt: false, mayTakeLast: false);
        _time.Advance(TimeSpan.FromDays(7));
        Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
    }

    [Fact]
    public void Order_that_came_to_nothing_costs_no_certificate()
    {
        for (var order = 0; order < 20; order++)
        {
            Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
            Budget().NotIssued(Gateway);
        }

        Assert.Equal([("orders", 280), ("certificates", 5), ("failed_authorizations", 5)], Budget().Remaining().Select(left => (left.Limit.Name, left.Left)));
    }

    [Fact]
    public void Failed_proofs_pause_for_an_hour()
    {
        for (var failure = 0; failure < 4; failure++) Budget().AuthorizationFailed(Gateway);
        Assert.Throws<IssuanceException>(() => Budget().Begin(Gateway, isExempt: false, mayTakeLast: false));
        _time.Advance(TimeSpan.FromHours(1));
        Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
    }

    [Fact]
    public void Damaged_file_begins_anew_and_a_disk_that_takes_nothing_allows_nothing()
    {
        File.WriteAllText(_folder["limits.json"], "{\"orders\":");
        Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
        File.WriteAllText(_folder["file"], "");
        var nowhere = new IssuanceBudget(Path.Combine(_folder["file"], "limits.json"), _time);
        Assert.Contains("cannot be written", Assert.Throws<IssuanceException>(() => nowhere.Begin(Gateway, isExempt: false, mayTakeLast: true)).Message);
    }

    [Fact]
    public void Orders_of_the_account_are_limited_over_all_names()
    {
        var budget = Budget();
        for (var order = 0; order < 299; order++) budget.Begin(HostName.Parse($"h{order}.example.com"), isExempt: false, mayTakeLast: false);
        Assert.Contains("300 orders in 03:00:00", Assert.Throws<IssuanceException>(() => budget.Begin(Gateway, isExempt: false, mayTakeLast: false)).Message);
    }

    [Theory]
    [InlineData(730)]
    [InlineData(6)]
    public void Orders_of_a_clock_that_was_ahead_count_as_made_when_it_is_right_again(double daysAhead)
    {
        _time.Error = TimeSpan.FromDays(daysAhead);
        for (var order = 0; order < 4; order++) Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
        _time.Error = TimeSpan.Zero;
        var refused = Assert.Throws<IssuanceException>(() => Budget().Begin(Gateway, isExempt: false, mayTakeLast: false));
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
        Assert.Equal(1, Budget().Remaining().Single(left => left.Limit.Name == "certificates").Left);
        // Each try is a new process: what counts as made now is not made anew each time.
        for (var day = 0; day < 7; day++)
        {
            Assert.Throws<IssuanceException>(() => Budget().Begin(Gateway, isExempt: false, mayTakeLast: false));
            _time.Advance(TimeSpan.FromDays(1));
        }

        Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
    }

    [Fact]
    public void Orders_are_not_forgotten_because_the_clock_was_ahead_for_a_while()
    {
        for (var order = 0; order < 4; order++) Budget().Begin(Gateway, isExempt: false, mayTakeLast: false);
        _time.Error = TimeSpan.FromDays(30);
        Budget().Begin(HostName.Parse("chat.example.com"), isExempt: false, mayTakeLast: false);
        _time.Error = TimeSpan.Zero;
        Assert.Throws<IssuanceException>(() => Budget().Begin(Gateway, isExempt: false, mayTakeLast: false));
    }

    IssuanceBudget Budget() => new(_folder["limits.json"], _time);
}
