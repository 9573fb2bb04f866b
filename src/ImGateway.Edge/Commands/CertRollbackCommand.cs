using System.CommandLine;

namespace ImGateway.Edge.Commands;

static class CertRollbackCommand
{
    public static Command Create(TlsEngineFactory engines)
    {
        var (name, config) = (NameArgument.Create(), ConfigOption.Create());
        var command = new Command("rollback", "Serve the previous certificate again, if it is still valid; what is served now is kept in its place") { name, config };
        command.SetAction((parsed, cancellationToken) =>
            RollBackAsync(parsed.GetValue(name)!, engines, parsed.GetValue(config), parsed.InvocationConfiguration, cancellationToken));
        return command;
    }

    static async Task<int> RollBackAsync(string name, TlsEngineFactory engines, string? configFile, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using var access = CertificateAccess.Open(configFile, console.Error);
        var certificate = await access.FindAsync(name, cancellationToken);
        var installed = await access.RollbackAsync(certificate.Name, engines, cancellationToken);
        return await installed.WriteAsync(console.Output, console.Error);
    }
}
