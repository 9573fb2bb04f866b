using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>The responder of one challenge type (RFC 8555 §8).</summary>
interface IChallengeResponder
{
    /// <summary>The challenge type, for example <c>http-01</c>.</summary>
    string Type { get; }

    bool CanAnswer(HostName host);

    /// <summary>Puts the response in place and returns when the CA may validate; disposing the result removes the response.</summary>
    /// <exception cref="ChallengeException">The challenge cannot be completed; the message is one line for the operator.</exception>
    Task<IAsyncDisposable> PresentAsync(ChallengeData offer, CancellationToken cancellationToken);
}

/// <summary>Why a challenge cannot be completed, and the remedy.</summary>
sealed class ChallengeException(string message) : Exception(message);

/// <summary>Removes a response, once.</summary>
sealed class Withdrawal(Func<ValueTask> withdraw) : IAsyncDisposable
{
    Func<ValueTask>? _withdraw = withdraw;

    /// <summary>For responders with nothing to remove.</summary>
    public static Withdrawal None => new(static () => ValueTask.CompletedTask);

    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _withdraw, null)?.Invoke() ?? ValueTask.CompletedTask;
}
