using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Challenges;

/// <summary>Answers challenges of other edges' orders from memory, so that no connection waits for the storage.</summary>
sealed partial class SharedChallengeAnswers(
    IStorage storage, HttpChallenges http, TlsAlpnChallenges tlsAlpn, ILogger<SharedChallengeAnswers> logger) : BackgroundService
{
    readonly Dictionary<string, Withdrawal> _answered = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!storage.IsShared) return;
        var changes = storage.WatchAsync(SharedChallenge.Folder, stoppingToken);
        foreach (var key in await storage.ListAsync(SharedChallenge.Folder, stoppingToken)) await TryFollowAsync(key, stoppingToken);
        await foreach (var key in changes) await TryFollowAsync(key, stoppingToken);
    }

    async Task TryFollowAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(key, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or FormatException or ChallengeException)
        {
            NotAnswered(SingleLine.Escape(e.Message));
        }
    }

    async Task FollowAsync(string key, CancellationToken cancellationToken)
    {
        if (_answered.Remove(key, out var before)) await before.DisposeAsync();
        if (await storage.ReadAsync(key, cancellationToken) is not { } value || JsonSerializer.Deserialize<SharedChallenge>(value.Content) is not { } challenge) return;
        if (Answer(challenge) is { } answer) _answered[key] = answer;
    }

    /// <summary>Null for an unknown challenge type.</summary>
    Withdrawal? Answer(SharedChallenge challenge) => challenge.Type switch
    {
        ChallengeTypes.Http => http.Answer(HostName.Parse(challenge.Host), challenge.Token, challenge.Response),
        ChallengeTypes.TlsAlpn => tlsAlpn.Answer(HostName.Parse(challenge.Host), Convert.FromBase64String(challenge.Response)),
        _ => null,
    };

    [LoggerMessage(1, LogLevel.Warning, "A challenge of another edge's order cannot be answered here: {Why}")]
    partial void NotAnswered(string why);
}
