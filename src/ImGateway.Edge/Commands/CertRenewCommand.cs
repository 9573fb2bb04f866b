using System.CommandLine;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Commands;

static class CertRenewCommand
{
    /// <summary>The number of concurrent orders, as in the renewal loop.</summary>
    const int MaxConcurrentOrders = 4;

    public static Command Create()
    {
        var names = new Argument<string[]>("NAME…") { Description = "Hosts, or names of their certificates (the host with * written _)", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Every certificate that does not come from a file" };
        var force = new Option<bool>("--force") { Description = "Also what is not due yet; counts against the CA's limits" };
        var staging = new Option<bool>("--staging") { Description = "A dry run at the CA's staging directory; nothing is kept" };
        var config = ConfigOption.Create();
        var command = new Command("renew", "Have the running edge renew certificates by ACME, and follow it until done or failed") { names, all, force, staging, config };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(all) == parsed.GetValue(names) is { Length: > 0 }) parsed.AddError("Name certificates, or give --all for every one");
        });
        command.SetAction((parsed, cancellationToken) => RenewAsync(
            parsed.GetValue(all) ? null : parsed.GetValue(names)!,
            new ControlRenew(parsed.GetValue(force), parsed.GetValue(staging)),
            parsed.GetValue(config),
            parsed.InvocationConfiguration,
            cancellationToken));
        return command;
    }

    /// <param name="names">Null for all.</param>
    static async Task<int> RenewAsync(
        IReadOnlyList<string>? names, ControlRenew renew, string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using var access = CertificateAccess.Open(configFile, console.Error);
        var served = await access.ServedAsync("a certificate is renewed by the edge, which answers the CA's challenges", cancellationToken);
        List<CertificateStatus> chosen = names is null
            ? [.. served.Where(certificate => certificate.Source != HostCertificate.Files)]
            : [.. names.Select(name => CertificateAccess.Find(served, name)).DistinctBy(certificate => certificate.Name)];
        if (chosen.Count == 0) throw new UserError("every certificate comes from a file; replace the files, or set Edge:Certificates:Source to Acme");
        var lines = new ConsoleProgress(console);
        var failed = 0;
        await Parallel.ForEachAsync(chosen, new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentOrders, CancellationToken = cancellationToken }, async (certificate, token) =>
        {
            if (!await lines.FollowAsync(certificate.Host, progress => access.RenewAsync(certificate.Name, renew, progress, token))) Interlocked.Increment(ref failed);
        });
        return failed == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }
}
