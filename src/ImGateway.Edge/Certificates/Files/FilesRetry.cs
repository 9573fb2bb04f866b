using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.Files;

/// <summary>The result of checking refused certificate files again. One line each.</summary>
/// <param name="Served">Certificates that are served now and were not before.</param>
/// <param name="Refused">Files that are still refused.</param>
public sealed record FilesRetry(IReadOnlyList<string> Served, IReadOnlyList<string> Refused)
{
    internal static FilesRetry Of(
        IReadOnlyDictionary<HostName, ServedCredential> before, IReadOnlyDictionary<HostName, ServedCredential> now, IEnumerable<RefusedFile> refused) => new(
        [
            .. from entry in now
               where before.GetValueOrDefault(entry.Key)?.Credential != entry.Value.Credential
               select $"{entry.Key}: certificate {entry.Value.Credential.SerialNumber} is served, from {entry.Value.Origin}",
        ],
        [.. refused.Select(file => $"{file.File}: is still not put to use, and judged again each minute: {file.Why}")]);
}
