using System.CommandLine;
using System.Text;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Control;

namespace ImGateway.Edge.Commands;

static class CertImportCommand
{
    public static Command Create(TlsEngineFactory engines)
    {
        var certificate = File("--cert", "The certificate in PEM, its chain behind it or in --chain");
        var key = File("--key", "Its private key in PEM");
        var chain = File("--chain", "The issuers' certificates in PEM", required: false);
        var password = File("--password-file", "Holds the password of the key, if it is encrypted", required: false);
        var config = ConfigOption.Create();
        var command = new Command("import", "Check a certificate and serve it at once for every host it covers; the old one is kept for a rollback")
        {
            certificate, key, chain, password, config,
        };
        command.SetAction((parsed, cancellationToken) => ImportAsync(
            new CertificateFile
            {
                Certificate = parsed.GetValue(certificate)!,
                Key = parsed.GetValue(key),
                Chain = parsed.GetValue(chain),
                PasswordFile = parsed.GetValue(password),
            },
            engines,
            parsed.GetValue(config),
            parsed.InvocationConfiguration,
            cancellationToken));
        return command;
    }

    static async Task<int> ImportAsync(
        CertificateFile file, TlsEngineFactory engines, string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        // 1. Read the files in this process: the edge may run as another user, in another folder.
        using var access = CertificateAccess.Open(configFile, console.Error);
        var contents = FileContents.Read(file);
        List<string> problems = [.. contents.Problems.Select(problem => problem.ToString())];
        var import = new ControlImport
        {
            Certificate = Pem(file.Certificate, contents.Certificate, UnsupportedFormats.OfCertificates, problems),
            Key = Pem(file.Key!, contents.Key ?? contents.Certificate, UnsupportedFormats.OfKey, problems),
            Chain = contents.Chain is null ? null : Pem(file.Chain!, contents.Chain, UnsupportedFormats.OfCertificates, problems),
            Password = contents.Password?.Reveal(),
        };
        if (problems.Count > 0) throw new UserError(problems);

        // 2. The running edge checks and installs them; without one, this process does.
        try
        {
            var installed = await access.ImportAsync(import, engines, cancellationToken);
            return await installed.WithWarnings(line => Named(line, file)).WriteAsync(console.Output, console.Error);
        }
        catch (UserError refusal)
        {
            throw new UserError(refusal.Message.Split(Environment.NewLine).Select(line => Named(line, file)), refusal);
        }
    }

    static string Pem(string path, byte[] content, Func<string, byte[], CertificateProblem?> unsupported, List<string> problems)
    {
        if (content.Length > 0 && content.AsSpan().IndexOf("-----BEGIN "u8) < 0)
        {
            problems.Add((unsupported(path, content) ?? new(path, "is not PEM", "name the file that begins with -----BEGIN")).ToString());
        }

        return Encoding.UTF8.GetString(content);
    }

    /// <summary>The edge received contents without names; its problems are reported with the operator's file names.</summary>
    static string Named(string line, CertificateFile file) => InCommands(line, file).Replace(" in certificate;", $" in {file.Certificate};", StringComparison.Ordinal).Split(": ", 2) switch
    {
        ["certificate", var rest] => $"{file.Certificate}: {rest}",
        ["key", var rest] => $"{file.Key}: {rest}",
        ["chain", var rest] => $"{file.Chain}: {rest}",
        _ => line,
    };

    static string InCommands(string line, CertificateFile file) => line
        .Replace(" -in certificate ", $" -in {ShellQuoting.Quote(file.Certificate)} ", StringComparison.Ordinal)
        .Replace(" -in key ", $" -in {ShellQuoting.Quote(file.Key!)} ", StringComparison.Ordinal)
        .Replace(" -key key ", $" -key {ShellQuoting.Quote(file.Key!)} ", StringComparison.Ordinal)
        .Replace(" -signkey key ", $" -signkey {ShellQuoting.Quote(file.Key!)} ", StringComparison.Ordinal)
        .Replace(" -in chain ", $" -in {ShellQuoting.Quote(file.Chain ?? "chain")} ", StringComparison.Ordinal);

    static Option<string> File(string name, string description, bool required = true) => new(name) { Description = description, HelpName = "FILE", Required = required };
}
