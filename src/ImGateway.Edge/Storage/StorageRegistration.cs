using ImGateway.Edge.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImGateway.Edge.Storage;

static class StorageRegistration
{
    /// <summary>The files of <c>DataDirectory</c>, unless another storage is registered already.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, EdgeOptions options)
    {
        services.TryAddSingleton<IStorage>(provider => FileStorage.In(options, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        return services;
    }
}
