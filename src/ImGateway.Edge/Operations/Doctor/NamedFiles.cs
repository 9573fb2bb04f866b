using ImGateway.Edge.Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>The certificate files that the configuration names, by the checks and the proof that decide whether they are served.</summary>
static class NamedFiles
{
    const string Check = "certificate files";

    public static async Task<IEnumerable<Finding>> LookAsync(EdgeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var problems = await CertificateFilesCheck.ProblemsAsync(new ConfigurationResult(options, [], options), time, cancellationToken);
        List<Finding> found = [.. problems.Select(problem => problem.Split("; ") is [.. var what, var remedy]
            ? new Finding(Check, FindingStatus.Fail, string.Join("; ", what), remedy)
            : new Finding(Check, FindingStatus.Fail, problem))];
        return found.Count > 0 ? found : [new(Check, FindingStatus.Ok, $"{options.Certificates.Files.Count} can be served")];
    }
}
