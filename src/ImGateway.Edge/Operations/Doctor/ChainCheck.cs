using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether the chains of all certificates, served and in files, lead to a root.</summary>
static class ChainCheck
{
    const string Check = "chain";

    public static async Task<IEnumerable<Finding>> CheckAsync(EdgeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        // 1. Served certificates, then those in files that differ.
        var stored = await new OfflineCertificates(options, time, NullLoggerFactory.Instance).ReadAsync(cancellationToken);
        var reader = new CertificateFileReader(options.Hosts, time);
        var all = stored.Select(entry => (entry.Credential, Warning: ChainWarning.Of(entry.Credential, entry.Source, entry.Origin), Host: $"{entry.Host}: "))
            .Concat(from file in CertificateFilesCheck.Readable(options)
                    let credential = reader.Read(file).Credential
                    where credential is not null
                    select (Credential: credential, Warning: ChainWarning.Of(credential, HostCertificate.Files, file.Certificate), Host: ""))
            .DistinctBy(each => each.Credential.Fingerprint)
            .ToList();

        // 2. One line for each incomplete chain; if all are complete, one line for all.
        List<Finding> found = [.. from each in all
                                  where each.Warning is not null
                                  select new Finding(Check, FindingStatus.Warn, $"{each.Host}{each.Warning.File}: {each.Warning.Message}", each.Warning.Remedy)];
        return found.Count > 0 || all.Count == 0 ? found : [new(Check, FindingStatus.Ok, $"{all.Count} lead to a root")];
    }
}
