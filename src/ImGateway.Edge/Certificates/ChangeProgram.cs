using ImGateway.Edge.Challenges;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>Runs <c>Certificates:OnChange</c> for hosts whose certificate has changed. Whatever becomes of it, the certificate is served.</summary>
sealed partial class ChangeProgram(CurrentOptions options, HookProgram program, ILogger logger)
{
    static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <param name="bundleOf">Each host's <c>current.pem</c>, which holds key and chain.</param>
    public async Task RunAsync(IEnumerable<HostName> hosts, Func<HostName, string> bundleOf, CancellationToken cancellationToken)
    {
        if (options.Value.Certificates.OnChange is not { Count: > 0 } argv) return;
        foreach (var host in hosts)
        {
            var path = Path.GetFullPath(bundleOf(host));
            var environment = new Dictionary<string, string>(HookProgram.FixedEnvironment, StringComparer.Ordinal)
            {
                ["IMGW_HOST"] = host.Value,
                ["IMGW_CERTIFICATE"] = path,
                ["IMGW_KEY"] = path,
            };
            var result = await program.RunAsync(argv, environment, Timeout, cancellationToken);
            if (result.IsSuccess) Ran(host, argv[0]);
            else Failed(host, argv[0], result.Describe(Timeout));
        }
    }

    [LoggerMessage(60, LogLevel.Information, "{Host}: Certificates:OnChange: {Program} was told")]
    partial void Ran(HostName host, string program);

    [LoggerMessage(61, LogLevel.Warning, "{Host}: Certificates:OnChange: {Program} {Why}; the new certificate is served all the same")]
    partial void Failed(HostName host, string program, string why);
}
