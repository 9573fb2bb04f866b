using System.Runtime.Versioning;
using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations.Reload;

/// <summary>Files that are mounted one by one, as a container has them, and are replaced by a rename where they come from. Needs root, as mount(8) does.</summary>
[SupportedOSPlatform("linux")]
public sealed class BindMountsTests
{
    const string Replaced = "the file was replaced underneath its mount; mount its folder";

    [Fact]
    public async Task A_configuration_file_replaced_underneath_its_mount_is_reported_once_by_the_log_and_each_time_by_reload()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        using var outside = new TemporaryDirectory();
        await using var mount = await BindMount.OfAsync(edge.Process.ConfigFile, outside["appsettings.json"]);
        var from = edge.Process.Log.Lines.Count;

        mount.Replace(text => text.Replace("DENY", "SAMEORIGIN", StringComparison.Ordinal) + "\n");

        var line = await edge.Process.WaitForLogAsync(
            line => line.Message.Contains(Replaced, StringComparison.Ordinal), ReloadingEdge.Patience, from);
        Assert.Equal("Warning", line["@l"]);
        Assert.StartsWith(edge.Process.ConfigFile + ": ", line.Message, StringComparison.Ordinal);
        var reload = await EdgeVerb.RunAsync("reload", "--config", edge.Process.ConfigFile);
        Assert.Contains($"{edge.Process.ConfigFile}: {Replaced}", reload.All, StringComparison.Ordinal);
        // By the watcher once, by the verb once; the log is written after the verb has its answer.
        await edge.Process.WaitForLogAsync(line => line.Message.StartsWith("Configuration reloaded by uid ", StringComparison.Ordinal), ReloadingEdge.Patience, from);
        Assert.Equal(2, edge.Process.Log.Lines.Skip(from).Count(line => line.Message.Contains(Replaced, StringComparison.Ordinal)));
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public async Task A_certificate_replaced_underneath_its_mount_is_a_refused_file()
    {
        await using var edge = await ReloadingEdge.StartAsync();
        using var outside = new TemporaryDirectory();
        var certificate = edge.Certificate.Certificate;
        await using var mount = await BindMount.OfAsync(certificate, outside["server.crt"]);

        mount.Replace(text => text + "\n");

        var line = await edge.Process.WaitForLogAsync(line => line.Message.Contains(Replaced, StringComparison.Ordinal), ReloadingEdge.Patience);
        Assert.Equal("Error", line["@l"]);
        var list = await EdgeVerb.RunAsync("cert", "list", "--config", edge.Process.ConfigFile);
        Assert.Contains($"for {ReloadingEdge.Gateway}: {certificate}: {Replaced}", list.Error, StringComparison.Ordinal);
        Assert.Contains($"{certificate}: {Replaced}", (await EdgeVerb.RunAsync("reload", "--config", edge.Process.ConfigFile)).All, StringComparison.Ordinal);
        await edge.AssertUndisturbedAsync();
    }

    [Fact]
    public void The_mount_that_hides_others_counts_and_names_are_unescaped() => Assert.Equal(
        ["/etc/a b", "/etc/c"],
        BindMounts.ReplacedIn(
        [
            @"44 27 254:0 /x//deleted /etc/a\040b rw - ext4 /dev/vda rw",
            "45 27 254:0 /y//deleted /etc/b rw - ext4 /dev/vda rw",
            "46 27 254:0 /z /etc/b rw - ext4 /dev/vda rw",
            "47 27 254:0 /z /etc/c rw - ext4 /dev/vda rw",
            "48 27 254:0 /z//deleted /etc/c rw - ext4 /dev/vda rw",
            "no line of it",
        ]).Order(StringComparer.Ordinal));

    /// <summary>A file mounted over another with the same content; the mount ends with this.</summary>
    sealed class BindMount : IAsyncDisposable
    {
        readonly string _at;
        readonly string _source;

        BindMount(string at, string source) => (_at, _source) = (at, source);

        public static async Task<BindMount> OfAsync(string at, string source)
        {
            File.Copy(at, source);
            var mounted = await ExternalTool.RunAsync("mount", ["--bind", source, at]);
            Assert.True(mounted.ExitCode == 0, mounted.All);
            return new BindMount(at, source);
        }

        /// <summary>As editors do: another file, renamed over the old one.</summary>
        public void Replace(Func<string, string> change)
        {
            File.WriteAllText(_source + ".new", change(File.ReadAllText(_source)));
            File.Move(_source + ".new", _source, overwrite: true);
        }

        public async ValueTask DisposeAsync() => await ExternalTool.RunAsync("umount", ["--lazy", _at]);
    }
}
