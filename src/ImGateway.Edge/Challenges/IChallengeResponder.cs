using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>One way to prove to a CA that a host is ours (RFC 8555 §8).</summary>
interface IChallengeResponder
{
    /// <summary>As the CA calls it, such as <c>http-01</c>.</summary>
    string Type { get; }

    bool CanAnswer(HostName host);

    /// <summary>Returns once the CA may look; disposing of what it returns takes the answer away.</summary>
    /// <exception cref="ChallengeException">It can't be answered: the message is one line for the operator.</exception>
    Task<IAsyncDisposable> PresentAsync(ChallengeOffer offer, CancellationToken cancellationToken);
}

/// <summary>Why a challenge can't be answered, and what to do.</summary>
sealed class ChallengeException(string message) : Exception(message);

/// <summary>Takes an answer away, once.</summary>
sealed class Withdrawal(Func<ValueTask> withdraw) : IAsyncDisposable
{
    Func<ValueTask>? _withdraw = withdraw;

    /// <summary>Where nothing has to be taken away.</summary>
    public static Withdrawal None => new(static () => ValueTask.CompletedTask);

    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _withdraw, null)?.Invoke() ?? ValueTask.CompletedTask;
}
