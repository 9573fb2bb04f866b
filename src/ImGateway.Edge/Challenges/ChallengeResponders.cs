using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>The responders of a configuration. Pending challenges are kept over reloads.</summary>
sealed class ChallengeResponders(HttpChallenges http, TlsAlpnChallenges tlsAlpn, DnsPersist dnsPersist, HookProgram program, ILogger<DnsHook> logger)
{
    /// <summary>The responders in the order of <c>Edge:Acme:Challenges</c>; the configuration rules reject unknown types.</summary>
    public IReadOnlyList<IChallengeResponder> Of(EdgeOptions options) =>
        [.. options.Acme.Challenges.Select(type => Responder(type, options))];

    IChallengeResponder Responder(string type, EdgeOptions options) => type switch
    {
        ChallengeTypes.Http => http,
        ChallengeTypes.TlsAlpn => tlsAlpn,
        ChallengeTypes.Dns => new DnsHook(options, program, logger),
        ChallengeTypes.DnsPersist => dnsPersist,
        _ => throw new InvalidOperationException($"Challenge type {type} has no responder."),
    };
}
