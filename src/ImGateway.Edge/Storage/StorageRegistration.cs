using ImGateway.Edge.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ImGateway.Edge.Storage;

static class StorageRegistration
{
    /// <summary>Registers the file storage of <c>DataDirectory</c>, unless another storage is registered. Needs <see cref="CurrentOptions"/> and time.</summary>
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        // DataDirectory changes only at a start.
        services.TryAddSingleton<IStorage>(provider => FileStorage.In(
            provider.GetRequiredService<CurrentOptions>().Value, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        return services;
    }
}
