using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Tests.Storage;

/// <summary>Files as a process has them that may write.</summary>
static class Writers
{
    public static async Task<FileStorage> OpenAsync(string folder, TimeProvider? time = null)
    {
        var storage = FileStorage.In(new EdgeOptions { DataDirectory = folder }, time ?? TimeProvider.System, NullLoggerFactory.Instance);
        Assert.NotNull(await storage.TryLeaseAsync(IStorage.Writer, CancellationToken.None));
        return storage;
    }
}
