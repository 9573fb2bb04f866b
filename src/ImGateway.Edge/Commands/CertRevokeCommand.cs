using System.CommandLine;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Control;

namespace ImGateway.Edge.Commands;

static class CertRevokeCommand
{
    public static Command Create()
    {
        var (name, config) = (NameArgument.Create(), ConfigOption.Create());
        var reason = new Option<string>("--reason")
        {
            Description = string.Join(", ", RevocationReasons.Names) + "; keyCompromise takes a new key and destroys the old",
            HelpName = "R",
            Required = true,
        };
        reason.Validators.Add(parsed =>
        {
            if (parsed.Tokens is not [var token] || RevocationReasons.TryParse(token.Value, out _)) return;
            parsed.AddError($"--reason: {SingleLine.Quote(token.Value)} is no reason; choose among {string.Join(", ", RevocationReasons.Names)}");
        });
        var command = new Command("revoke", "Revoke a certificate at its CA, and have the running edge renew it") { name, reason, config };
        command.SetAction((parsed, cancellationToken) => RevokeAsync(
            parsed.GetValue(name)!, parsed.GetValue(reason)!, parsed.GetValue(config), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> RevokeAsync(string name, string reason, string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using var access = CertificateAccess.Open(configFile, console.Error);
        var served = await access.ServedAsync("what is revoked is renewed by the edge at once", cancellationToken);
        var certificate = CertificateAccess.Find(served, name);
        return await new ConsoleProgress(console).FollowAsync(certificate.Host, progress => access.RevokeAsync(certificate.Name, new ControlRevoke(reason), progress, cancellationToken))
            ? ExitCodes.Success
            : ExitCodes.Failure;
    }
}
