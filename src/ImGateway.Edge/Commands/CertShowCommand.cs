using System.CommandLine;
using ImGateway.Edge.Operations.Status;

namespace ImGateway.Edge.Commands;

static class CertShowCommand
{
    public static Command Create()
    {
        var (name, config, json) = (NameArgument.Create(), ConfigOption.Create(), JsonOption.Create());
        var command = new Command("show", "All about one certificate: names, key, dates, chain, what came before it and what is next") { name, config, json };
        command.SetAction((parsed, cancellationToken) => ShowAsync(
            parsed.GetValue(name)!, parsed.GetValue(config), parsed.GetValue(json), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> ShowAsync(string name, string? configFile, bool json, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using var access = CertificateAccess.Open(configFile, console.Error);
        var certificate = await access.FindAsync(name, cancellationToken);
        if (json) await JsonOption.WriteAsync(console.Output, certificate);
        else new TextTable([], [.. Facts(certificate)]).Write(console.Output);
        return ExitCodes.Success;
    }

    static IEnumerable<string[]> Facts(CertificateStatus certificate)
    {
        yield return ["host", certificate.Host];
        foreach (var file in certificate.RefusedFiles ?? []) yield return ["refused file", $"since {file.Since:u}: {file.Why}"];
        if (certificate.SerialNumber is null)
        {
            yield return ["certificate", "none"];
            if (certificate.Next is not null) yield return ["next", certificate.Next.ToString()];
            yield break;
        }

        yield return ["names", string.Join(", ", certificate.SubjectNames!)];
        yield return ["issuer", certificate.Issuer!];
        yield return ["serial", certificate.SerialNumber];
        yield return ["key", certificate.KeyType!];
        yield return ["SPKI pin", "sha256/" + certificate.SpkiSha256];
        yield return ["not before", $"{certificate.NotBefore:u}"];
        yield return ["not after", $"{certificate.NotAfter:u}, {(certificate.DaysLeft < 0 ? "expired" : $"{certificate.DaysLeft:0.#} days left")}"];
        yield return ["chain", $"{certificate.ChainLength} certificate{(certificate.ChainLength == 1 ? "" : "s")}{(certificate.ChainProblem is null ? "" : $", {certificate.ChainState}")}"];
        if (certificate.ChainProblem is not null) yield return ["chain lacks", certificate.ChainProblem];
        yield return ["OCSP", certificate.Ocsp!.Replace('_', ' ')];
        yield return ["source", $"{certificate.Source}, from {certificate.Origin}"];
        if (certificate.InstalledAt is not null) yield return ["installed", $"{certificate.InstalledAt:u}"];
        yield return ["previous", certificate.Previous is { } previous ? $"{previous.SerialNumber}, valid until {previous.NotAfter:u}" : "none"];
        if (certificate.Next is not null) yield return ["next", certificate.Next.ToString()];
    }
}
