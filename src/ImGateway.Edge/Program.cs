using System.CommandLine;
using ImGateway.Edge.Commands;

var root = new RootCommand(CommandLine.Description)
{
    RunCommand.Create(),
    DemoCommand.Create(),
    ValidateCommand.Create(),
    CertCommand.Create(),
};

return await CommandLine.InvokeAsync(root, args, new InvocationConfiguration());
