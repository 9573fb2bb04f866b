using ImGateway.Acme;
using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>A failed challenge, which invalidates its order.</summary>
sealed class ValidationFailedException(string type, AcmeException e) : Exception(e.Message, e)
{
    public string Type => type;

    public AcmeException Cause => e;
}

/// <summary>Completes authorizations with the first challenge type that the CA and the edge support.</summary>
sealed partial class ChallengeValidation(IReadOnlyList<IChallengeResponder> responders, ILogger<ChallengeValidation> logger)
{
    static readonly TimeSpan ValidationTimeout = TimeSpan.FromMinutes(5);

    /// <param name="without">Challenge types that have failed already.</param>
    /// <exception cref="ValidationFailedException">The CA's validation failed.</exception>
    /// <exception cref="IssuanceException">There is no usable challenge type.</exception>
    public async Task ValidateAsync(
        AcmeAccount account, Uri location, HostName host, IReadOnlySet<string> without, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var authorization = await account.GetAuthorizationAsync(location, cancellationToken);
        if (authorization.Status == AuthorizationStatus.Valid) return;
        Expect(authorization, host);
        List<string> obstacles = [];
        foreach (var responder in responders.Where(responder => !without.Contains(responder.Type) && responder.CanAnswer(host)))
        {
            if (authorization.Challenges.FirstOrDefault(challenge => challenge.Type == responder.Type) is not { } challenge)
            {
                obstacles.Add($"{responder.Type} is not offered");
                continue;
            }

            try
            {
                await ValidateAsync(account, authorization, challenge, responder, host, progress, cancellationToken);
                return;
            }
            catch (ChallengeException e)
            {
                // The challenge was not submitted to the CA yet, so the next type can use the same order.
                obstacles.Add($"{responder.Type}: {e.Message}");
                NotPresented(host, responder.Type, e.Message);
            }
        }

        throw new IssuanceException(
            $"no challenge for {host} can be answered ({(obstacles.Count > 0 ? string.Join(" · ", obstacles) : "none of Edge:Acme:Challenges fits it")}; "
            + $"the CA offers {SingleLine.Escape(string.Join(", ", authorization.Challenges.Select(challenge => challenge.Type)))}); see to Edge:Acme:Challenges");
    }

    /// <summary>Whether there is a challenge type other than <paramref name="without"/>.</summary>
    public bool HasOther(HostName host, IReadOnlySet<string> without) =>
        responders.Any(responder => !without.Contains(responder.Type) && responder.CanAnswer(host));

    static async Task ValidateAsync(
        AcmeAccount account, Authorization authorization, Challenge challenge, IChallengeResponder responder, HostName host,
        IProgress<string> progress, CancellationToken cancellationToken)
    {
        // dns-persist-01 has no token: its record is permanent.
        var token = challenge.Token ?? "";
        var offer = token.Length == 0
            ? new ChallengeData(host, "", "", ReadOnlyMemory<byte>.Empty, "")
            : new ChallengeData(host, token, account.KeyAuthorization(token), account.TlsAlpnDigest(token), account.DnsTxtValue(token));
        progress.Report($"proving control by {challenge.Type}");
        await using var presented = await responder.PresentAsync(offer, cancellationToken);
        try
        {
            await account.AcceptChallengeAsync(challenge, cancellationToken);
            await account.WaitForAuthorizationAsync(authorization.Location, ValidationTimeout, cancellationToken);
        }
        catch (AcmeException e)
        {
            if (await FailedAsync(account, authorization, cancellationToken)) throw new ValidationFailedException(challenge.Type, e);
            throw;
        }
    }

    /// <summary>Whether the CA has decided, or was only unreachable.</summary>
    static async Task<bool> FailedAsync(AcmeAccount account, Authorization authorization, CancellationToken cancellationToken)
    {
        try
        {
            var now = await account.GetAuthorizationAsync(authorization.Location, cancellationToken);
            return now.Status is not (AuthorizationStatus.Pending or AuthorizationStatus.Valid);
        }
        catch (AcmeException)
        {
            return false;
        }
    }

    /// <summary>Rejects an authorization for a name that was not ordered.</summary>
    static void Expect(Authorization authorization, HostName host)
    {
        var expected = AcmeIdentifier.For(host.Domain);
        if (authorization.Identifier.Value.Equals(expected.Value, StringComparison.OrdinalIgnoreCase)) return;
        throw new IssuanceException($"the CA wants proof for {SingleLine.Escape(authorization.Identifier.Value)}, but {host} was ordered; ask the CA");
    }

    [LoggerMessage(1, LogLevel.Warning, "{Host}: {Type} cannot be answered: {Why}")]
    partial void NotPresented(HostName host, string type, string why);
}
