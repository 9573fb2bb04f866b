using System.Runtime.InteropServices;
using System.Text;

namespace ImGateway.Testing;

/// <summary>A copy of the program under test that a test may change, or that runs on OpenSSL 3.5 instead of the system's.</summary>
public sealed class ProgramCopy : IDisposable
{
    readonly TemporaryDirectory _directory = new();

    ProgramCopy()
    {
        // The program finds its folder through links, so most of it may be one; the host resolves a link to itself.
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(EdgeProcess.Program)!))
        {
            var (name, to) = (Path.GetFileName(file), _directory[Path.GetFileName(file)]);
            if (name.StartsWith("imgw", StringComparison.Ordinal) || name.EndsWith(".cnf", StringComparison.Ordinal)) File.Copy(file, to);
            else File.CreateSymbolicLink(to, file);
        }

        Program = _directory[Path.GetFileName(EdgeProcess.Program)];
    }

    /// <summary>For <see cref="EdgeSetup.Program"/>.</summary>
    public string Program { get; private set; }

    public string this[string file] => _directory[file];

    public static ProgramCopy Create() => new();

    /// <summary>
    /// Runs on the libraries that <c>tools/newer-debian</c> unpacked. They need a newer C library, so the copy starts with their loader: its name
    /// is written into the program, since .NET finds itself by <c>/proc/self/exe</c>, which is the loader when that starts the program.
    /// </summary>
    public static ProgramCopy CreateOnNewOpenSsl()
    {
        var copy = new ProgramCopy();
        try
        {
            var unpacked = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ExternalTool.NewOpenSsl)!, "..", "openssl"));
            var libraries = Path.GetDirectoryName(Directory.EnumerateFiles(unpacked, "libssl.so.3", SearchOption.AllDirectories).First())!;
            File.CreateSymbolicLink(copy["ld.so"], Directory.EnumerateFiles(libraries, "ld-linux-*.so.*").First());
            SetInterpreter(copy["imgw"], copy["ld.so"]);
            var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
            copy.Program = copy["run"];
            File.WriteAllText(copy.Program, $"#!/bin/sh\nexport DOTNET_ROOT='{dotnet}' LD_LIBRARY_PATH='{libraries}'\nexec '{copy["imgw"]}' \"$@\"\n");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(copy.Program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>A verb of it.</summary>
    public Task<ToolResult> RunAsync(params string[] arguments) => Program.EndsWith(".dll", StringComparison.Ordinal)
        ? ExternalTool.RunAsync("dotnet", [Program, .. arguments])
        : ExternalTool.RunAsync(Program, arguments);

    public void Dispose() => _directory.Dispose();

    /// <summary>Elf64_Phdr of the type PT_INTERP (elf(5)).</summary>
    static void SetInterpreter(string program, string interpreter)
    {
        var elf = File.ReadAllBytes(program);
        var (headers, size, count) = ((int)BitConverter.ToInt64(elf, 32), BitConverter.ToInt16(elf, 54), BitConverter.ToInt16(elf, 56));
        var header = Enumerable.Range(0, count).Select(i => headers + i * size).First(at => BitConverter.ToInt32(elf, at) == 3);
        var place = elf.AsSpan((int)BitConverter.ToInt64(elf, header + 8), (int)BitConverter.ToInt64(elf, header + 32));
        if (interpreter.Length >= place.Length) throw new InvalidOperationException($"{interpreter}: too long for the program; set TMPDIR to a shorter path");
        place.Clear();
        Encoding.ASCII.GetBytes(interpreter, place);
        File.WriteAllBytes(program, elf);
    }
}
