namespace ImGateway.Edge.Challenges;

static class ChallengesRegistration
{
    public static IServiceCollection AddChallenges(this IServiceCollection services) => services
        .AddSingleton<HookProgram>()
        .AddSingleton<TemporaryCertificates>()
        .AddSingleton<SharedChallenges>()
        .AddHostedService<SharedChallengeAnswers>()
        .AddSingleton<HttpChallenges>()
        .AddSingleton<TlsAlpnChallenges>()
        .AddSingleton<DnsPersist>()
        .AddSingleton<ChallengeResponders>();
}
