using System.Net;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.DirectTls.Transport;

/// <summary>Decides on each accepted connection, before anything is allocated for it, and wraps it. Called on the threads of the loops.</summary>
/// <param name="TryAdmit">Counts the connection, or returns false: then it is closed. The address is null if it is unknown.</param>
/// <param name="Undo">Undoes the count of a connection that is not served after all.</param>
/// <param name="Wrap">Wraps the connection; the wrapper undoes the count.</param>
public sealed record AcceptPolicy(Func<IPEndPoint?, bool> TryAdmit, Action Undo, Func<DirectConnection, ConnectionContext> Wrap);
