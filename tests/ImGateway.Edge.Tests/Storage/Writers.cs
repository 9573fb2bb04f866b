using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Storage;

/// <summary>Files as a process has them that may write.</summary>
static class Writers
{
    public static Task<FileStorage> OpenAsync(string folder, TimeProvider? time = null) => OpenAsync(folder, DiskOperationHook.Unobserved, time ?? TimeProvider.System);

    public static async Task<FileStorage> OpenAsync(string folder, DiskOperationHook hook, TimeProvider time)
    {
        var storage = FileStorage.In(new EdgeOptions { DataDirectory = folder }, hook, time, NullLoggerFactory.Instance);
        Assert.NotNull(await storage.TryLeaseAsync(IStorage.Writer, CancellationToken.None));
        return storage;
    }
}
