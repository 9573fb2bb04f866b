using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Challenges;

/// <summary>Answers challenges of other edges' orders from memory, so that no connection waits for the storage.</summary>
sealed partial class SharedChallengeAnswers(
    IStorage storage, HttpChallenges http, TlsAlpnChallenges tlsAlpn, TimeProvider time, ILogger<SharedChallengeAnswers> logger) : BackgroundService
{
    /// <summary>The interval after a failed attempt to list the challenges.</summary>
    static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>A challenge that lacks a field is invalid.</summary>
    static readonly JsonSerializerOptions Json = new() { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    readonly Dictionary<string, Withdrawal> _answered = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!storage.IsShared) return;
        var changes = storage.WatchAsync(SharedChallenge.Folder, stoppingToken);
        while (!await TryFollowAllAsync(stoppingToken)) await Task.Delay(RetryInterval, time, stoppingToken);
        await foreach (var key in changes) await TryFollowAsync(key, stoppingToken);
    }

    /// <returns>False if the challenges cannot be listed.</returns>
    async Task<bool> TryFollowAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var key in await storage.ListAsync(SharedChallenge.Folder, cancellationToken)) await TryFollowAsync(key, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            NotAnswered(SingleLine.Escape(e.Message));
            return false;
        }
    }

    async Task TryFollowAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(key, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // An exception that leaves a BackgroundService stops the host.
            NotAnswered(SingleLine.Escape(e.Message));
        }
    }

    async Task FollowAsync(string key, CancellationToken cancellationToken)
    {
        // A notification may be repeated, so the response stays until it is replaced or its challenge is deleted.
        var value = await storage.ReadAsync(key, cancellationToken);
        var next = value is null || JsonSerializer.Deserialize<SharedChallenge>(value.Content, Json) is not { } challenge ? null : Answer(challenge);
        _answered.Remove(key, out var before);
        if (next is not null) _answered[key] = next;
        if (before is not null) await before.DisposeAsync();
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
