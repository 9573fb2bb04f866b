using ImGateway.Edge.Connections.Limits;
using Microsoft.Win32.SafeHandles;

namespace ImGateway.Edge.Tests.Connections;

public sealed class OpenFilesTests
{
    const int Opened = 2000, OfOtherTests = 500;

    [Fact]
    public void Every_descriptor_is_counted()
    {
        var before = OpenFiles.Count();
        List<SafeFileHandle> files = [];
        try
        {
            while (files.Count < Opened) files.Add(File.OpenHandle("/dev/null"));
            Assert.InRange(OpenFiles.Count()!.Value - before!.Value, Opened - OfOtherTests, Opened + OfOtherTests);
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }
}
