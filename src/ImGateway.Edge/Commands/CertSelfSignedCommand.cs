using System.CommandLine;
using System.CommandLine.Parsing;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Commands;

static class CertSelfSignedCommand
{
    public static Command Create()
    {
        var hosts = new Option<HostName[]>("--host")
        {
            Description = "The names the certificate is for",
            HelpName = "NAME…",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = true,
            CustomParser = ParseHosts,
        };
        var directory = new Option<string>("--out") { Description = "The directory to write to", HelpName = "DIR", Required = true };
        var command = new Command("self-signed", "A development certificate and its CA, which can sign for these names only; valid 90 days")
        {
            hosts, directory,
        };
        command.SetAction(parsed => Write(parsed.GetValue(hosts)!, parsed.GetValue(directory)!, parsed.InvocationConfiguration.Output));
        return command;
    }

    static int Write(IReadOnlyList<HostName> hosts, string directory, TextWriter output)
    {
        try
        {
            var files = SelfSignedFiles.Write(hosts, directory, KeyType.P256, TimeProvider.System);
            output.WriteLine($"CA for clients to trust: {files.CaPath}");
            output.WriteLine($"certificate and chain:   {files.CertificatePath}");
            output.WriteLine($"private key:             {files.KeyPath}");
            return ExitCodes.Fine;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"{directory}: cannot be written to ({e.Message}); give --out a directory this user may write to", e);
        }
    }

    static HostName[] ParseHosts(ArgumentResult argument)
    {
        var hosts = new List<HostName>();
        foreach (var token in argument.Tokens)
        {
            if (HostName.TryParse(token.Value, out var host)) hosts.Add(host);
            else argument.AddError($"--host: {OneLine.Quote(token.Value)} is not a host name; write a DNS name, *.name or an IP address");
        }

        return [.. hosts.Distinct()];
    }
}
