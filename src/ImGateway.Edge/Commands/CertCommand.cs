using System.CommandLine;

namespace ImGateway.Edge.Commands;

/// <summary>The verbs about certificates.</summary>
static class CertCommand
{
    public static Command Create() => new("cert", "Certificates")
    {
        CertListCommand.Create(),
        CertShowCommand.Create(),
        CertRenewCommand.Create(),
        CertImportCommand.Create(),
        CertRollbackCommand.Create(),
        CertRevokeCommand.Create(),
        CertPinsCommand.Create(),
        CertSelfSignedCommand.Create(),
    };
}
