using ImGateway.Edge.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImGateway.Edge.Challenges;

static class ChallengesRegistration
{
    /// <summary>The responders as an <c>IReadOnlyList</c> in the order of <c>Edge:Acme:Challenges</c>; what is no type was refused by the rules.</summary>
    public static IServiceCollection AddChallenges(this IServiceCollection services, EdgeOptions options)
    {
        services.TryAddSingleton<HookProgram>();
        return services
            .AddSingleton<HttpChallenges>()
            .AddSingleton<TlsAlpnChallenges>()
            .AddSingleton<DnsHook>()
            .AddSingleton<DnsPersist>()
            .AddSingleton<IReadOnlyList<IChallengeResponder>>(provider =>
                [.. options.Acme.Challenges.Select(type => Responder(provider, type)).OfType<IChallengeResponder>()]);
    }

    static IChallengeResponder? Responder(IServiceProvider provider, string type) => type switch
    {
        ChallengeTypes.Http => provider.GetRequiredService<HttpChallenges>(),
        ChallengeTypes.TlsAlpn => provider.GetRequiredService<TlsAlpnChallenges>(),
        ChallengeTypes.Dns => provider.GetRequiredService<DnsHook>(),
        ChallengeTypes.DnsPersist => provider.GetRequiredService<DnsPersist>(),
        _ => null,
    };
}
