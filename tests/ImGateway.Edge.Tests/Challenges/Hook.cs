using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Challenges;

/// <summary>A shell script in a folder of its own, whose name has a space, and what it wrote into the file <c>log</c> beside it.</summary>
sealed class Hook : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    /// <param name="script">Its body: <c>$log</c> is where to write.</param>
    public Hook(string script)
    {
        File.WriteAllText(Path, $"#!/bin/sh\nlog='{LogPath}'\n{script}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public string Path => _directory["a hook.sh"];

    public string LogPath => _directory["log"];

    public IReadOnlyList<string> Log => File.Exists(LogPath) ? File.ReadAllLines(LogPath) : [];

    public void Dispose() => _directory.Dispose();
}
