using System.CommandLine;
using System.CommandLine.Parsing;
using ImGateway.Edge.Certificates.SelfSigned;
using ImGateway.Edge.Certificates.Store;
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
        command.SetAction(parsed => Write(parsed.GetValue(hosts)!, parsed.GetValue(directory)!, parsed.InvocationConfiguration));
        return command;
    }

    static int Write(HostName[] hosts, string directory, InvocationConfiguration console)
    {
        try
        {
            var files = SelfSignedFiles.Write(hosts, directory, KeyType.P256, TimeProvider.System);
            console.Output.WriteLine($"CA for clients to trust: {files.CaPath}");
            console.Output.WriteLine($"certificate and chain:   {files.CertificatePath}");
            console.Output.WriteLine($"private key:             {files.KeyPath}");
            return ExitCodes.Success;
        }
        catch (CertificateLoadException problems)
        {
            foreach (var line in problems.Lines) console.Error.WriteLine(line);
            return ExitCodes.Failure;
        }
    }

    static HostName[] ParseHosts(ArgumentResult argument)
    {
        var hosts = new List<HostName>();
        foreach (var token in argument.Tokens)
        {
            if (HostName.TryParse(token.Value, out var host)) hosts.Add(host);
            else argument.AddError($"--host: {SingleLine.Quote(token.Value)} is not a host name; write a DNS name, *.name or an IP address");
        }

        return [.. hosts.Distinct()];
    }
}
