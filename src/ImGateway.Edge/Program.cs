using System.CommandLine;
using ImGateway.Edge;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Commands;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Memory;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Policy;

// Must run before any cryptography, otherwise it has no effect.
var engines = new TlsEngines(TlsPolicyFile.Apply());
NativeHeap.LimitArenas();
MinimumThreads.Set();

var root = new RootCommand(CommandLine.Description)
{
    RunCommand.Create(engines),
    DemoCommand.Create(engines),
    ValidateCommand.Create(
        (configuration, _) => Task.FromResult(
            CertificateFilesCheck.Warnings(configuration, TimeProvider.System).Concat(CertificateFilesCheck.ChainWarnings(configuration, TimeProvider.System))),
        [
            async (configuration, cancellationToken) => await TlsPolicySelfTest.ProblemsAsync(configuration, engines.Of(configuration.Draft.Tls), TimeProvider.System, cancellationToken),
            (configuration, cancellationToken) => CertificateFilesCheck.ProblemsAsync(configuration, engines.Of(configuration.Draft.Tls), TimeProvider.System, cancellationToken),
            (configuration, _) => Task.FromResult(AcmeFilesCheck.Problems(configuration, TimeProvider.System)),
            (configuration, _) => Task.FromResult(configuration.IsValid("Edge:DataDirectory") ? ControlSocket.Problems(configuration.Draft) : []),
        ]),
    DoctorCommand.Create(engines),
    CertCommand.Create(engines),
    AuditCommand.Create(TimeProvider.System),
    ReloadCommand.Create(),
    DrainCommand.Create(),
    HealthcheckCommand.Create(),
};

return await CommandLine.InvokeAsync(root, args, new InvocationConfiguration());
