using System.CommandLine;

namespace ImGateway.Edge.Commands;

/// <summary>The verbs about certificates.</summary>
static class CertCommand
{
    public static Command Create(TlsEngineFactory engines) => new("cert", "Certificates")
    {
        CertListCommand.Create(),
        CertShowCommand.Create(),
        CertRenewCommand.Create(),
        CertImportCommand.Create(engines),
        CertRollbackCommand.Create(engines),
        CertRevokeCommand.Create(),
        CertPinsCommand.Create(),
        CertSelfSignedCommand.Create(),
    };
}
