using ImGateway.Edge.Configuration;
using ImGateway.Edge.Storage;

namespace ImGateway.Edge.Certificates.Store;

/// <summary>The certificates cannot be loaded. Each line is one problem with its remedy; none contains a secret.</summary>
public sealed class CertificateLoadException(IReadOnlyList<string> lines) : Exception(string.Join(Environment.NewLine, lines))
{
    /// <summary>ENOSPC, which .NET passes on in HResult.</summary>
    const int NoSpace = 28;

    public IReadOnlyList<string> Lines => lines;

    /// <summary>Converts errors of the storage to this exception, with the remedy.</summary>
    internal static async Task GuardAsync(EdgeOptions options, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (PrivateFileModesException e)
        {
            throw new CertificateLoadException([e.Message]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var remedy = e.HResult == NoSpace ? "free space on its disk" : $"make DataDirectory readable and writable for the user {Environment.UserName}";
            throw new CertificateLoadException([$"{options.DataDirectory}: cannot be used: {e.Message.TrimEnd('.')}; {remedy}"]);
        }
    }
}
