using ImGateway.Acme.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Acme.Tests;

public sealed class PollingTests
{
    static readonly Uri Order = new("https://ca.test/order/1");

    readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(null)]
    [InlineData(3)]
    [InlineData(86_400)]
    public async Task What_stays_undecided_is_given_up_in_time_and_may_be_tried_again(int? retryAfterSeconds)
    {
        TimeSpan? retryAfter = retryAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var started = _time.GetTimestamp();
        var looks = 0;

        var failure = await Assert.ThrowsAsync<AcmeException>(() => Through(Polling(TimeSpan.FromMinutes(5)).UntilAsync(
            () =>
            {
                looks++;
                return Task.FromResult("processing");
            },
            _ => (false, retryAfter),
            TestContext.Current.CancellationToken)));

        Assert.True(failure.IsTransient);
        Assert.Contains("ca.test", failure.Message, StringComparison.Ordinal);
        Assert.InRange(_time.GetElapsedTime(started), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        // Neither a burst nor a single poll, whatever Retry-After the CA sends.
        Assert.InRange(looks, 5, 110);
    }

    [Fact]
    public async Task A_CA_that_cannot_be_asked_for_a_while_is_asked_again()
    {
        var looks = 0;

        var state = await Through(Polling(TimeSpan.FromMinutes(5)).UntilAsync(
            () => ++looks < 4 ? throw new AcmeException("order", "ca.test", "no answer", isTransient: true) : Task.FromResult("valid"),
            state => (state == "valid", null),
            TestContext.Current.CancellationToken));

        Assert.Equal("valid", state);
        Assert.Equal(4, looks);
    }

    Polling Polling(TimeSpan timeout) => new(new AcmeServerOptions { Time = _time }, "order", Order, timeout);

    /// <summary>Advances the clock while something waits for it, by more steps than any time-out here has.</summary>
    async Task<T> Through<T>(Task<T> waiting)
    {
        for (var turns = 0; !waiting.IsCompleted && turns < 10_000; turns++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        return await waiting;
    }
}
