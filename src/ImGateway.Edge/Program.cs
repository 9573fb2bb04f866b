using System.CommandLine;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Commands;
using ImGateway.Edge.Operations;
using ImGateway.Edge.Tls;

// Before any cryptography, or it changes nothing.
TlsPolicyFile.Apply();
NativeHeap.LimitArenas();
Threads.AtLeastAFew();

var root = new RootCommand(CommandLine.Description)
{
    RunCommand.Create(),
    DemoCommand.Create(),
    ValidateCommand.Create(
        options => CertificateFilesCheck.Problems(options, TimeProvider.System), options => AcmeFilesCheck.Problems(options, TimeProvider.System), ControlSocket.Problems),
    DoctorCommand.Create(),
    CertCommand.Create(),
    AuditCommand.Create(TimeProvider.System),
    ReloadCommand.Create(),
    DrainCommand.Create(),
    HealthcheckCommand.Create(),
};

return await CommandLine.InvokeAsync(root, args, new InvocationConfiguration());
