using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Challenges;

/// <summary>Who answers challenges, by configuration. What waits to be fetched outlives each.</summary>
sealed class ChallengeResponders(HttpChallenges http, TlsAlpnChallenges tlsAlpn, DnsPersist dnsPersist, HookProgram program, ILogger<DnsHook> logger)
{
    /// <summary>In the order of <c>Edge:Acme:Challenges</c>; what is no type was refused by the rules.</summary>
    public IReadOnlyList<IChallengeResponder> Of(EdgeOptions options) =>
        [.. options.Acme.Challenges.Select(type => Responder(type, options)).OfType<IChallengeResponder>()];

    IChallengeResponder? Responder(string type, EdgeOptions options) => type switch
    {
        ChallengeTypes.Http => http,
        ChallengeTypes.TlsAlpn => tlsAlpn,
        ChallengeTypes.Dns => new DnsHook(options, program, logger),
        ChallengeTypes.DnsPersist => dnsPersist,
        _ => null,
    };
}
