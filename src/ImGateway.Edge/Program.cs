using System.CommandLine;
using ImGateway.Edge;
using ImGateway.Edge.Certificates.Files;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Commands;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Operations.Control;
using ImGateway.Edge.Operations.Memory;
using ImGateway.Edge.Tls;
using ImGateway.Edge.Tls.Policy;

// Must run before any cryptography, otherwise it has no effect.
var engines = new TlsEngineFactory(TlsPolicyFile.Apply());
NativeHeap.LimitArenas();
MinimumThreads.Set();

var root = new RootCommand(CommandLine.Description)
{
    RunCommand.Create(engines),
    DemoCommand.Create(engines),
    ValidateCommand.Create(
        async (configuration, cancellationToken) => new(await TlsPolicySelfTest.ProblemsAsync(configuration, engines.Of(configuration.Draft.Tls), TimeProvider.System, cancellationToken)),
        async (configuration, cancellationToken) =>
        {
            var readings = CertificateFilesCheck.Read(configuration, TimeProvider.System);
            return new(
                await CertificateFilesCheck.ProblemsAsync(configuration, readings, engines.Of(configuration.Draft.Tls), TimeProvider.System, cancellationToken),
                [.. CertificateFilesCheck.Warnings(configuration, readings, TimeProvider.System), .. CertificateFilesCheck.ChainWarnings(readings)]);
        },
        (configuration, _) => Task.FromResult(new ValidateResult(AcmeFilesCheck.Problems(configuration, TimeProvider.System))),
        (configuration, _) => Task.FromResult(new ValidateResult(configuration.IsValid("Edge:DataDirectory") ? ControlSocket.Problems(configuration.Draft) : []))),
    DoctorCommand.Create(engines),
    CertCommand.Create(engines),
    AuditCommand.Create(TimeProvider.System),
    ReloadCommand.Create(),
    DrainCommand.Create(),
    HealthcheckCommand.Create(),
};

return await CommandLine.InvokeAsync(root, args, new InvocationConfiguration());
