using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Challenges;

/// <summary>A challenge of another edge's order. The response is never printed.</summary>
/// <param name="Response">http-01: the key authorization. tls-alpn-01: its digest in base64.</param>
sealed record SharedChallenge(string Type, string Host, string Token, string Response)
{
    public const string Folder = "challenges";

    /// <summary>The storage key: a hash, because tokens may be too long for file names and should not appear in key lists.</summary>
    public string Key => $"{Folder}/{Type}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Token)))}";

    public override string ToString() => $"{Type} for {Host}";
}

/// <summary>
/// Stores challenges, so that any edge can answer the CA. With a single-writer storage they stay in memory: a response that
/// other processes notice by polling would be too late for a CA, and cost a disk write for each order.
/// </summary>
sealed partial class SharedChallenges(IStorage storage, ILogger<SharedChallenges> logger)
{
    /// <summary>Shares a challenge before the CA is notified; disposing the result removes it at all edges.</summary>
    /// <param name="here">The response of this edge.</param>
    public async Task<Withdrawal> PublishAsync(SharedChallenge challenge, Withdrawal here, CancellationToken cancellationToken)
    {
        if (!storage.IsShared) return here;
        try
        {
            await storage.WriteAsync(challenge.Key, JsonSerializer.SerializeToUtf8Bytes(challenge), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // This edge can still answer, if the CA connects to it.
            NotShared(challenge.Host, challenge.Type, SingleLine.Escape(e.Message));
        }
        catch
        {
            await here.DisposeAsync();
            throw;
        }

        return new Withdrawal(async () =>
        {
            await here.DisposeAsync();
            await WithdrawAsync(challenge);
        });
    }

    async Task WithdrawAsync(SharedChallenge challenge)
    {
        try
        {
            // Also during a stop: a used token is useless.
            await storage.DeleteAsync(challenge.Key, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotWithdrawn(challenge.Host, challenge.Type, SingleLine.Escape(e.Message));
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Host}: {Type} is answered by this edge alone, because it cannot be stored for others: {Why}")]
    partial void NotShared(string host, string type, string why);

    [LoggerMessage(2, LogLevel.Warning, "{Host}: the answer for {Type} is still stored, although it is no longer needed: {Why}")]
    partial void NotWithdrawn(string host, string type, string why);
}
