using System.CommandLine;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Commands;

static class CertListCommand
{
    public static Command Create()
    {
        var (config, json) = (ConfigOption.Create(), JsonOption.Create());
        var command = new Command("list", "What is served for each host, and until when") { config, json };
        command.SetAction((parsed, cancellationToken) =>
            ListAsync(parsed.GetValue(config), parsed.GetValue(json), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> ListAsync(string? configFile, bool json, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using var access = CertificateAccess.Open(configFile, console.Error);
        var certificates = await access.ListAsync(cancellationToken);
        if (json)
        {
            await JsonOption.WriteAsync(console.Output, certificates);
            return ExitCodes.Success;
        }

        // An extra column only if a chain is incomplete; scripts use --json.
        var chains = certificates.Any(certificate => certificate.ChainProblem is not null);
        string[] chain = chains ? ["Chain"] : [];
        new TextTable(["Host", "Serial", "Key", "Not after", "Days left", .. chain, "Source", "Next"],
            [.. certificates.Select(certificate => Row(certificate, chains))]).Write(console.Output);
        foreach (var certificate in certificates.Where(certificate => certificate.ChainProblem is not null))
        {
            await console.Error.WriteLineAsync($"{certificate.Host}: {certificate.ChainProblem}");
        }

        foreach (var file in certificates.SelectMany(certificate => certificate.RefusedFiles ?? []).DistinctBy(file => file.File, StringComparer.Ordinal))
        {
            await console.Error.WriteLineAsync($"refused since {file.Since:u}, for {string.Join(", ", file.Hosts)}: {file.Why}");
        }

        return ExitCodes.Success;
    }

    static string[] Row(CertificateStatus certificate, bool chains)
    {
        string[] chain = chains ? [certificate.ChainState ?? ""] : [];
        return certificate.SerialNumber is null
            ? [certificate.Host, "none", "", "", "", .. chain, "", certificate.Next?.ToString() ?? ""]
            : [
                certificate.Host, certificate.SerialNumber, certificate.KeyType!, $"{certificate.NotAfter:yyyy-MM-dd}", $"{certificate.DaysLeft:0.#}",
                .. chain, certificate.Source!, certificate.Next?.ToString() ?? "",
            ];
    }
}
