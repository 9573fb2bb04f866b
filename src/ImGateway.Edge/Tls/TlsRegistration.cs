using ImGateway.Edge.Configuration;
using ImGateway.Edge.Connections.Listening;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Tls;

static class TlsRegistration
{
    public static IServiceCollection AddTls(this IServiceCollection services, EdgeOptions options, ITlsEngine engine) => services
        .AddSingleton(engine)
        .AddSingleton(provider => new ServerCertificateSelector(options, provider.GetRequiredService<ITlsEngine>()))
        .AddSingleton<TlsMetrics>()
        .AddSingleton<HandshakeLog>()
        .AddSingleton(provider => new CertificateSelfTest(provider.GetRequiredService<ServerCertificateSelector>(), options, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(provider => new TlsPolicySelfTest(provider.GetRequiredService<ServerCertificateSelector>(), options, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<TlsMiddleware>()
        .AddSingleton(provider => provider.GetRequiredService<ITlsEngine>().CreateTransport(
            provider.GetRequiredService<SocketTransport>(), provider));

    /// <summary>Adds TLS with the configured engine to a public listener.</summary>
    public static void UseTlsEngine(this ListenOptions listener) => listener.Use(listener.ApplicationServices.GetRequiredService<TlsMiddleware>().Use);
}
