using ImGateway.Edge.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImGateway.Edge.Storage;

static class StorageRegistration
{
    /// <summary>The files of <c>DataDirectory</c>, unless another storage is registered already. Needs <see cref="CurrentOptions"/> and time.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        // DataDirectory changes at a start alone.
        services.TryAddSingleton<IStorage>(provider => FileStorage.In(
            provider.GetRequiredService<CurrentOptions>().Value, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        return services;
    }
}
