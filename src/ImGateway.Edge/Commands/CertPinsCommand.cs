using System.CommandLine;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Commands;

static class CertPinsCommand
{
    public static Command Create()
    {
        var (name, config) = (NameArgument.Create(), ConfigOption.Create());
        var backup = new Option<string?>("--backup")
        {
            Description = "Generate the key of a later certificate into this new file, to be kept elsewhere, and show its pin too",
            HelpName = "FILE",
        };
        var command = new Command("pins", "SPKI SHA-256 pins for apps: of the key that is served and of a backup key") { name, backup, config };
        command.SetAction((parsed, cancellationToken) => ShowAsync(
            parsed.GetValue(name)!, parsed.GetValue(backup), parsed.GetValue(config), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> ShowAsync(string name, string? backup, string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using var access = CertificateAccess.Open(configFile, console.Error);
        var certificate = await access.FindAsync(name, cancellationToken);
        if (certificate.SpkiSha256 is null) throw new UserError($"{certificate.Host} has no certificate yet; import one, or start the edge");
        List<string[]> pins = [["current", "sha256/" + certificate.SpkiSha256, $"serial {certificate.SerialNumber}"]];
        if (backup is not null) pins.Add(["backup", "sha256/" + CertificatePins.CreateBackupKey(backup, access.KeyType), backup]);
        new TextTable([], pins).Write(console.Output);
        return ExitCodes.Success;
    }
}
