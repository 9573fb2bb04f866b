using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Challenges;

/// <summary>What an edge needs for answering a challenge that another one has been given. Has no printable form of its response.</summary>
/// <param name="Type">Of the challenge.</param>
/// <param name="Token">Of the challenge.</param>
/// <param name="Response">http-01: the key authorization. tls-alpn-01: its digest in base64.</param>
sealed record SharedChallenge(string Type, string Host, string Token, string Response)
{
    public const string Folder = "challenges";

    /// <summary>Tokens are too long for names of files, and nothing that should be in a list of keys.</summary>
    public string Key => $"{Folder}/{Type}/{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Token)))}";

    public override string ToString() => $"{Type} for {Host}";
}

/// <summary>
/// Challenges in the storage, so that a CA finds its answer at any edge. Where the storage has one writer they stay in its memory: an answer that
/// other processes notice by polling comes too late for a CA, and would be a write to the disk for each order.
/// </summary>
sealed partial class SharedChallenges(IStorage storage, ILogger<SharedChallenges> logger)
{
    /// <summary>Before the CA is asked to come; disposing of what is returned takes it away at all edges.</summary>
    /// <param name="here">The answer of this edge.</param>
    public async Task<Withdrawal> PublishAsync(SharedChallenge challenge, Withdrawal here, CancellationToken cancellationToken)
    {
        if (!storage.IsShared) return here;
        try
        {
            await storage.WriteAsync(challenge.Key, JsonSerializer.SerializeToUtf8Bytes(challenge), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // This edge answers all the same, and the CA may come here.
            NotShared(challenge.Host, challenge.Type, OneLine.From(e.Message));
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
            // Also when the edge stops: a token that was used is of no more use.
            await storage.DeleteAsync(challenge.Key, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotWithdrawn(challenge.Host, challenge.Type, OneLine.From(e.Message));
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Host}: {Type} is answered by this edge alone, because it cannot be stored for others: {Why}")]
    partial void NotShared(string host, string type, string why);

    [LoggerMessage(2, LogLevel.Warning, "{Host}: the answer for {Type} is still stored, although it is no longer needed: {Why}")]
    partial void NotWithdrawn(string host, string type, string why);
}
