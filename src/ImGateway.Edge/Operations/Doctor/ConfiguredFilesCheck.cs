using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks the configured certificate files with the same checks and handshakes that decide whether they are served.</summary>
static class ConfiguredFilesCheck
{
    const string Check = "certificate files";

    public static async Task<IEnumerable<Finding>> CheckAsync(EdgeOptions options, ITlsEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        var configuration = new ConfigurationResult(options, [], options);
        var readings = CertificateFilesCheck.Read(configuration, time);
        var problems = await CertificateFilesCheck.ProblemsAsync(configuration, readings, engine, time, cancellationToken);
        List<Finding> found =
        [
            .. problems.Select(problem => Found(FindingStatus.Fail, problem)),
            .. CertificateFilesCheck.Warnings(configuration, readings, time).Select(warning => Found(FindingStatus.Warn, warning)),
        ];
        return found.Count > 0 ? found : [new(Check, FindingStatus.Ok, $"{options.Certificates.Files.Count} can be served")];
    }

    static Finding Found(FindingStatus status, string line) => line.Split("; ") is [.. { Length: > 0 } what, var remedy]
        ? new(Check, status, string.Join("; ", what), remedy)
        : new(Check, status, line);
}
