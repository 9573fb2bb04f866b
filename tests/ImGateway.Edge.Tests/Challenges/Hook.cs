using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Challenges;

/// <summary>A shell script whose name has a space, in a folder of its own, and what it wrote into the file <c>log</c> beside it.</summary>
sealed class Hook : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    Hook()
    {
    }

    public string Path => _directory["a hook.sh"];

    public string LogPath => _directory["log"];

    public IReadOnlyList<string> Log => File.Exists(LogPath) ? File.ReadAllLines(LogPath) : [];

    /// <param name="script">Its body: <c>$log</c> is where to write.</param>
    public static async Task<Hook> CreateAsync(string script)
    {
        var hook = new Hook();
        var draft = hook._directory["draft"];
        await File.WriteAllTextAsync(draft, $"#!/bin/sh\nlog='{hook.LogPath}'\n{script}\n");
        // By another process: a file that this one has open to write is busy for what any test forks meanwhile, and cannot be run.
        await ExternalTool.RunAsync("install", ["-m", "700", draft, hook.Path]);
        return hook;
    }

    public void Dispose() => _directory.Dispose();
}
