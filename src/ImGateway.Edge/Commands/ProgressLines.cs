using System.CommandLine;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations;

namespace ImGateway.Edge.Commands;

/// <summary>What the edge does for several hosts at once, each line under its host's name; failures on standard error.</summary>
sealed class ProgressLines(InvocationConfiguration console)
{
    readonly Lock _line = new();

    /// <returns>Whether it succeeded.</returns>
    public async Task<bool> FollowAsync(string host, Func<IProgress<string>, Task<ControlRenewed>> change)
    {
        try
        {
            var done = await change(new Steps(step => Write(console.Output, host, step)));
            Write(done.Succeeded ? console.Output : console.Error, host, done.Message);
            return done.Succeeded;
        }
        catch (UserError refusal)
        {
            foreach (var line in refusal.Message.Split(Environment.NewLine)) Write(console.Error, host, line);
            return false;
        }
    }

    /// <summary>Lines of the edge that begin with the host keep it; texts of a CA are among them.</summary>
    void Write(TextWriter writer, string host, string text)
    {
        lock (_line) writer.WriteLine(OneLine.From(text.StartsWith($"{host}: ", StringComparison.Ordinal) ? text : $"{host}: {text}"));
    }

    /// <summary>At once and in order, which <see cref="Progress{T}"/> does not promise.</summary>
    sealed class Steps(Action<string> tell) : IProgress<string>
    {
        public void Report(string value) => tell(value);
    }
}
