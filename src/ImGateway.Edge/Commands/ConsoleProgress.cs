using System.CommandLine;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Control;

namespace ImGateway.Edge.Commands;

/// <summary>Progress of operations on several hosts, each line prefixed by the host; failures go to standard error.</summary>
sealed class ConsoleProgress(InvocationConfiguration console)
{
    readonly Lock _line = new();

    /// <returns>Whether the operation succeeded.</returns>
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

    /// <summary>Adds the host to a line, unless the line begins with it. Lines may contain text from the CA.</summary>
    void Write(TextWriter writer, string host, string text)
    {
        lock (_line) writer.WriteLine(SingleLine.Escape(text.StartsWith($"{host}: ", StringComparison.Ordinal) ? text : $"{host}: {text}"));
    }

    /// <summary>Reports synchronously and in order, which <see cref="Progress{T}"/> does not guarantee.</summary>
    sealed class Steps(Action<string> report) : IProgress<string>
    {
        public void Report(string value) => report(value);
    }
}
