using System.Net;
using System.Text;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Control;

/// <summary>The path of the control socket: <c>DataDirectory/control.sock</c>.</summary>
public static class ControlSocket
{
    /// <summary>The longest path: sockaddr_un holds 108 bytes including the NUL (unix(7)).</summary>
    const int LongestPath = 107;

    public static string PathIn(EdgeOptions options) => Path.Combine(Path.GetFullPath(options.DataDirectory), "control.sock");

    /// <summary>Checks, without changes, whether the socket can be bound. One line for each problem.</summary>
    public static IEnumerable<string> Problems(EdgeOptions options)
    {
        var path = PathIn(options);
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > LongestPath)
        {
            yield return $"Edge:DataDirectory: {SingleLine.Escape(path)} is {length} bytes long, and the path of a Unix socket may have {LongestPath}; choose a shorter DataDirectory";
        }
    }
}

/// <summary>The endpoint that <see cref="ControlTransport"/> binds, in place of Kestrel's transport for Unix sockets.</summary>
public sealed class ControlEndPoint(string path) : EndPoint
{
    public string Path => path;

    public override string ToString() => "unix:" + path;
}
