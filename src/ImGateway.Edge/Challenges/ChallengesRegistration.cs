using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImGateway.Edge.Challenges;

static class ChallengesRegistration
{
    public static IServiceCollection AddChallenges(this IServiceCollection services)
    {
        services.TryAddSingleton<HookProgram>();
        return services
            .AddSingleton<StandIns>()
            .AddSingleton<SharedChallenges>()
            .AddHostedService<SharedChallengeAnswers>()
            .AddSingleton<HttpChallenges>()
            .AddSingleton<TlsAlpnChallenges>()
            .AddSingleton<DnsPersist>()
            .AddSingleton<ChallengeResponders>();
    }
}
